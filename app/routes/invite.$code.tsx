// An invite: who invites to what and with which role; joining takes one press, and a name from who is not signed in.
import { z } from 'zod'
import { GuestName } from '../../protocol/ids.ts'
import type { Role } from '../../protocol/access.ts'
import { data, redirect, type ActionFunctionArgs, type LoaderFunctionArgs } from '../framework.server.ts'
import { Form, useActionData, useLoaderData, useNavigation, type MetaFunction } from '../framework.ts'
import { NarrowCard } from '../pages/narrow-card.tsx'
import { PageFrame } from '../pages/page-frame.tsx'
import { attempt, page, whoAsks } from '../services/answer.server.ts'
import { services } from '../services/context.server.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { ClockTime } from '../ui/time.tsx'

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const invite = await services(args.context).api.invite(args.params['code'] ?? '')
    return { invite, person: await whoAsks(args) }
  })

const Guest = z.object({ name: GuestName })

async function join(args: ActionFunctionArgs) {
  const { api } = services(args.context)
  const person = await whoAsks(args)
  const form = await args.request.formData()
  const given = form.get('name')
  // Who is known already is asked for a name only when theirs is somebody else's here.
  const named = person && given === null ? {} : Guest.parse({ name: given ?? '' })
  const by = { ...named, ...(person && { person: person.id }) }
  return { before: person, ...(await api.acceptInvite(args.params['code'] ?? '', by)) }
}

export async function action(args: ActionFunctionArgs) {
  const done = await attempt(args, () => join(args))
  if (!done.ok) return data({ error: done.error }, { status: done.status })
  const { before, person, repl } = done.value
  const headers = before ? undefined : { 'set-cookie': services(args.context).cookie.signIn(person.id) }
  return redirect(`/repl/${repl.id}`, headers ? { headers } : {})
}

export const meta: MetaFunction<typeof loader> = ({ data: seen }) => [
  {
    title: seen
      ? `${seen.invite.invitedBy} invites you to ${seen.invite.replName} · DevEx`
      : 'Invite · DevEx',
  },
]

const roleWords: Record<Role, string> = {
  owner: 'You will own it together.',
  editor: 'You can edit its files, type in its terminals and run it, together with everybody inside.',
  viewer: 'You can read its files and watch its terminals, but not change anything.',
}

/** The rule's words without the field's name before them. */
const plainSay = (say: string): string => say.replace(/^name: /, '')

export default function InvitePage() {
  const { invite, person } = useLoaderData<typeof loader>()
  const error = useActionData<typeof action>()?.error
  const busy = useNavigation().state !== 'idle'
  const asksName = !person || error?.code === 'bad-input'
  return (
    <PageFrame person={person}>
      <NarrowCard title={`${invite.invitedBy} invites you to ${invite.replName}`}>
        <p className="mt-2">
          As <strong className="font-semibold">{invite.role}</strong>.{' '}
          <span className="text-muted">{roleWords[invite.role]}</span>
        </p>
        <Form method="post" className="mt-5 flex flex-col gap-4">
          {asksName && (
            <Field
              label={person ? 'Your name, here and in your other REPLs' : 'Your name'}
              name="name"
              hint="Others see it beside your cursor."
              error={error?.code === 'bad-input' ? plainSay(error.say) : null}
              autoComplete="name"
              maxLength={40}
              required
            />
          )}
          {error && error.code !== 'bad-input' && (
            <p role="alert" className="text-bad">
              {error.say}
            </p>
          )}
          <Button look="primary" size="large" type="submit" busy={busy} className="w-full">
            {person && !asksName ? `Join as ${person.name}` : 'Join'}
          </Button>
        </Form>
        <p className="mt-3 text-label text-muted">
          The invite is good until <ClockTime at={invite.expiresAt} />.
        </p>
      </NarrowCard>
    </PageFrame>
  )
}
