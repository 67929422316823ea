// What a browser is shown that asked for an archive which could not be given: why, and the way back to the repl.
import { errorStatus } from '../../protocol/errors.ts'
import { data, type LoaderFunctionArgs } from '../framework.server.ts'
import { Link, useLoaderData, useParams } from '../framework.ts'
import { PageFrame } from '../pages/page-frame.tsx'
import { page } from '../services/answer.server.ts'
import { toldFault } from '../services/archive.server.ts'
import { buttonClasses } from '../ui/button.tsx'
import { ErrorView } from '../ui/views.tsx'

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const told = toldFault(args)
    return data(told, { status: errorStatus[told.code] })
  })

export const meta = () => [{ title: 'No download · DevEx' }]

export default function NoFilePage() {
  const { code, say, id } = useLoaderData<typeof loader>()
  const { id: repl } = useParams()
  return (
    <PageFrame>
      <ErrorView
        isPage
        title="This cannot be downloaded now"
        say={say}
        {...(errorStatus[code] >= 500 ? { id } : {})}
        action={
          <Link to={`/repl/${repl}`} reloadDocument className={buttonClasses()}>
            Back to the REPL
          </Link>
        }
      />
    </PageFrame>
  )
}
