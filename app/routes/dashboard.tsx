// My repls: what each is doing, and everything that can be asked of it. Signed out: how to get in.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { useLoaderData } from '../framework.ts'
import { Dashboard } from '../pages/dashboard.tsx'
import { PageFrame } from '../pages/page-frame.tsx'
import { SignedOut } from '../pages/signed-out.tsx'
import { page, whoAsks } from '../services/answer.server.ts'
import { services } from '../services/context.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const { api, signIn } = services(args.context)
    const person = await whoAsks(args)
    if (!person) return { person: null, wayIn: signIn.wayIn() }
    const [repls, templates] = await Promise.all([api.as(person.id).repls(), api.templates()])
    return { person, repls, templates }
  })

export const meta = () => [{ title: 'Your REPLs · DevEx' }]

export default function DashboardPage() {
  const seen = useLoaderData<typeof loader>()
  if (!seen.person) {
    return (
      <PageFrame>
        <SignedOut wayIn={seen.wayIn} />
      </PageFrame>
    )
  }
  return (
    <PageFrame person={seen.person}>
      <Dashboard repls={seen.repls} templates={seen.templates} mayMake={seen.person.admin} />
    </PageFrame>
  )
}
