// Milliseconds from a key to its echo on the same page, one key at a time; knows not which server answers.
import { sleep } from '../figures.ts'

const usual = { warmups: 50, samples: 400 }
/** Milliseconds between keys: longer than any batch, as a person types. */
const spacing = 15

export type Keys = {
  type: (text: string) => void
  /** Called with each piece of output. */
  onOutput: (listener: (text: string) => void) => void
}

/** The program that answers each byte with itself; it replaces the shell, so that only the way is measured. */
const echo = `stty raw -echo; echo rea''dy; exec cat\r`

export async function measureEcho({ type, onOutput }: Keys, { warmups, samples } = usual): Promise<number[]> {
  let arrived: (() => void) | undefined
  let seen = ''
  onOutput((text) => {
    seen = (seen + text).slice(-200)
    arrived?.()
  })
  type(echo)
  while (!seen.includes('ready')) await sleep(5)
  await sleep(200)
  const times: number[] = []
  for (let key = 0; key < warmups + samples; key++) {
    const answer = new Promise<void>((resolve) => (arrived = resolve))
    const began = performance.now()
    type('x')
    await answer
    times.push(performance.now() - began)
    arrived = undefined
    await sleep(spacing)
  }
  return times.slice(warmups)
}
