// The page for anything that failed: what happened, why, what to do, and the id to report. Shown by the root's boundary.
import { z } from 'zod'
import { WireError, errorStatus } from '../../protocol/errors.ts'
import { Link, isRouteErrorResponse, useRouteError } from '../framework.ts'
import { buttonClasses } from '../ui/button.tsx'
import { ErrorView } from '../ui/views.tsx'
import { PageFrame } from './page-frame.tsx'

const Fault = WireError.extend({ id: z.string().optional() })

const titles: Partial<Record<WireError['code'], string>> = {
  'not-found': 'Nothing is here',
  'not-signed-in': 'Sign in first',
  forbidden: 'This is not yours to do',
  'link-used': 'This link is over',
  unavailable: 'DevEx is not ready',
}

interface Words {
  title: string
  say: string
  /** Only where the operator can find more in the log. */
  id?: string | undefined
}

function wordsFor(error: unknown): Words {
  const parsed = Fault.safeParse(isRouteErrorResponse(error) ? error.data : null)
  if (parsed.success) {
    const { code, say, id } = parsed.data
    const ours = errorStatus[code] >= 500
    return { title: titles[code] ?? 'This page failed', say, ...(ours ? { id } : {}) }
  }
  if (isRouteErrorResponse(error) && error.status === 404) {
    return { title: 'Nothing is here', say: 'There is nothing at this address.' }
  }
  return {
    title: 'This page failed',
    say: 'Something failed on our side. It has been logged. Reload the page to try again.',
  }
}

export function FaultPage() {
  const { title, say, id } = wordsFor(useRouteError())
  return (
    <PageFrame>
      <ErrorView
        isPage
        title={title}
        say={say}
        {...(id === undefined ? {} : { id })}
        action={
          <Link to="/" reloadDocument className={buttonClasses()}>
            Go to your REPLs
          </Link>
        }
      />
    </PageFrame>
  )
}
