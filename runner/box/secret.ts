// Compares secrets of the runner's and ours, so that neither length nor content shows in the time it takes.
import { createHash, timingSafeEqual } from 'node:crypto'

export function sameSecret(theirs: string, ours: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(theirs), digest(ours))
}
