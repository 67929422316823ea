// The invite links of a repl: for which role, until when, how often used, and one press to take each back.
import { Copy, Link2Off } from 'lucide-react'
import { Button } from '../../ui/button.tsx'
import { ClockTime } from '../../ui/time.tsx'
import { announce } from '../../ui/live-region.tsx'
import { useWorkbench } from '../workbench-context.ts'
import { revokeInvite, type InviteLink } from './share-door.ts'
import type { Asked } from '../use-asked.ts'

interface LinkListProps {
  links: Asked<InviteLink[]>
  /** Code of the link that is shown above already. */
  made: string | undefined
  onRevoked: () => void
}

export function LinkList({ links, made, onRevoked }: LinkListProps) {
  const { repl } = useWorkbench()
  const { value, error, change } = links
  const revoke = (link: InviteLink): void => {
    if (link.code === made) onRevoked()
    void change(() => revokeInvite(repl.id, link.code)).then(() => announce('The link was taken back.'))
  }
  if (value === null || value.length === 0)
    return error === null ? null : <p className="mt-4 text-bad">{error}</p>
  return (
    <section className="mt-5 border-t border-line pt-4" aria-label="Links that were made">
      <h3 className="mb-1 font-medium">Links that were made</h3>
      {error !== null && (
        <p role="alert" className="mb-1 text-bad">
          {error}
        </p>
      )}
      <ul data-testid="invite-list" className="divide-y divide-line">
        {value.map((link) => (
          <LinkRow key={link.code} link={link} onRevoke={() => revoke(link)} />
        ))}
      </ul>
    </section>
  )
}

function LinkRow({ link, onRevoke }: { link: InviteLink; onRevoke: () => void }) {
  const over = overWords(link)
  const name = `the ${link.role} link of ${timeWords(link.createdAt)}`
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
      <span className="min-w-0 flex-1">
        <span className="block font-medium">{link.role === 'editor' ? 'Editor' : 'Viewer'}</span>
        <span className="block text-label text-muted">
          {link.madeBy}, <ClockTime at={link.createdAt} /> · {useWords(link)} ·{' '}
          {over ?? (
            <>
              good until <ClockTime at={link.expiresAt} />
            </>
          )}
        </span>
      </span>
      {over === null && (
        <span className="flex gap-1">
          <Button
            size="small"
            look="quiet"
            aria-label={`Copy ${name}`}
            onClick={() => void navigator.clipboard?.writeText(link.url).then(() => announce('Copied'))}
          >
            <Copy size={13} aria-hidden /> Copy
          </Button>
          <Button size="small" look="quiet" aria-label={`Take back ${name}`} onClick={onRevoke}>
            <Link2Off size={13} aria-hidden /> Take back
          </Button>
        </span>
      )}
    </li>
  )
}

/** Why a link lets nobody in any more, or null. */
export function overWords({ revokedAt, expiresAt, uses, most }: InviteLink): string | null {
  if (revokedAt !== null) return 'taken back'
  if (Date.now() >= expiresAt) return 'expired'
  return most !== null && uses >= most ? 'used up' : null
}

function useWords({ uses, most }: InviteLink): string {
  const times = uses === 0 ? 'not used yet' : uses === 1 ? 'used once' : `used ${uses} times`
  return most === null ? times : `used ${uses} of ${most}`
}

const timeWords = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
