// The one-time owner link: looking at it shows a button and uses nothing up, pressing the button signs in.
import type { WireError } from '../../protocol/errors.ts'
import { data, redirect, type ActionFunctionArgs } from '../framework.server.ts'
import { Form, useActionData, useNavigation } from '../framework.ts'
import { NarrowCard } from '../pages/narrow-card.tsx'
import { PageFrame } from '../pages/page-frame.tsx'
import { attempt } from '../services/answer.server.ts'
import { services } from '../services/context.server.ts'
import { Button } from '../ui/button.tsx'

/** The code is in the address: nothing may keep or pass on this page. */
export const headers = () => ({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })

export const loader = () => null

export async function action(args: ActionFunctionArgs) {
  const { signIn, cookie } = services(args.context)
  const done = await attempt(args, () => signIn.finish(args.params['code'] ?? ''))
  if (!done.ok) return data({ error: done.error }, { status: done.status })
  return redirect('/', { headers: { 'set-cookie': cookie.signIn(done.value.id) } })
}

export const meta = () => [{ title: 'Sign in · DevEx' }]

/** Trouble that another try with the same link may cure. */
const passing = (error: WireError): boolean => error.code === 'unavailable' || error.code === 'internal'

function DeadLink({ error }: { error: WireError }) {
  return (
    <NarrowCard title="This link does not work">
      <p role="alert" className="mt-2">
        {error.say}
      </p>
      <p className="mt-2 text-muted">
        A sign-in link works once, in one browser. Print another on the machine where DevEx runs, in its
        folder; if you gave it a data folder, add{' '}
        <code className="font-mono whitespace-nowrap">-- --data DIR</code>:
      </p>
      <pre className="mt-3 rounded-md border border-line bg-ground px-3 py-2 font-mono text-code select-all">
        npm run login
      </pre>
      <p className="mt-3 text-muted">Starting DevEx again prints one as well.</p>
    </NarrowCard>
  )
}

export default function Welcome() {
  const error = useActionData<typeof action>()?.error
  const busy = useNavigation().state !== 'idle'
  if (error && !passing(error)) {
    return (
      <PageFrame>
        <DeadLink error={error} />
      </PageFrame>
    )
  }
  return (
    <PageFrame>
      <NarrowCard title="Sign in as owner">
        <p className="mt-2 text-muted">
          This link makes this browser the owner of this DevEx: you can make REPLs, run programs on its
          machine and invite others. It works once. Opening this page has not used it up; the button does.
        </p>
        {error && (
          <p role="alert" className="mt-3 text-bad">
            {error.say}
          </p>
        )}
        <Form method="post" className="mt-5">
          <Button look="primary" size="large" type="submit" busy={busy} className="w-full">
            Sign in as owner
          </Button>
        </Form>
      </NarrowCard>
    </PageFrame>
  )
}
