// Any address that is nobody's.
import { AppError } from '../../protocol/errors.ts'
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { page } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    throw new AppError('not-found', { say: 'There is nothing at this address.' })
  })

export default function Missing() {
  return null
}
