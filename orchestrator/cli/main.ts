// The command line: `up` (what npm start runs after the build) and `login`. Reads arguments, obeys Ctrl-C, exits in words.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSettings, usage } from './args.ts'
import { login } from './login.ts'
import { refusalOf, up, type Up } from './up.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** The built programs lie side by side; the templates beside the build folder. */
const programs = dirname(fileURLToPath(import.meta.url))
const templates = join(programs, '..', '..', 'templates')

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === 'help') return say(usage)
  if (settings.command === 'login') return login(settings, say)
  const starting = up({ settings, build: 'dev', programs, templates, system: process.env, say })
  // From the first process on: what dies in the middle of its start would leave its processes behind.
  obeyPresses(starting)
  await starting
}

function obeyPresses(starting: Promise<Up>): void {
  let presses = 0
  const press = () => {
    presses++
    if (presses > 2) process.exit(1)
    const end = presses === 1 ? (running: Up) => running.end() : (running: Up) => running.force()
    starting.then(end).then(
      () => process.exit(presses > 1 ? 1 : 0),
      (thrown: unknown) => refuse(thrown),
    )
  }
  process.on('SIGINT', press)
  process.on('SIGTERM', press)
  process.on('SIGHUP', press)
}

function refuse(thrown: unknown): void {
  const words = refusalOf(thrown)
  process.stderr.write(
    `${words ?? (thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))}\n`,
  )
  process.exit(1)
}

main().catch(refuse)
