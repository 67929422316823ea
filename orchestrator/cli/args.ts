// What a person typed after the command: parsed into settings, or refused in one sentence.
import { homedir } from 'node:os'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readPreviewBase } from '../../protocol/preview.ts'
import { Level } from '../../protocol/repl.ts'
import { Refusal } from './words.ts'

/** Where the browser finds us unless told otherwise. */
const defaultPort = 7070

/** What the command line takes from the environment. */
export const CliEnv = z.object({
  XDG_DATA_HOME: z.string().optional(),
  HOME: z.string().optional(),
  DEVEX_LOG: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DEVEX_PREVIEW_HOST: z.string().optional(),
  DEVEX_ISOLATION: z.string().optional(),
})

export type Settings = {
  command: 'up' | 'login'
  data: string
  port: number
  host: string
  /** Wildcard host of previews, where there is one. */
  previewHost?: string
  logLevel: string
  /** The isolation that was asked for by name; null when the best this machine offers is meant. */
  isolation: Level | null
}

export const usage = [
  'npm start -- [--data DIR] [--port N] [--host H] [--isolation LEVEL]',
  '  --data DIR   where everything is kept (default: the XDG data folder)',
  `  --port N     port for the browser (default ${defaultPort})`,
  '  --host H     address to listen on (default 127.0.0.1: this machine only)',
  "  --preview-host '*.example.org'   previews at hosts of their own below that name (default: *.localhost here, ports beyond)",
  '  --isolation LEVEL   process, bwrap, bwrap+net or bwrap+net+cgroup (default: the best this machine offers)',
].join('\n')

export function readSettings(argv: string[], env: NodeJS.ProcessEnv): Settings | 'help' {
  const [command = 'up', ...rest] = argv
  if (command !== 'up' && command !== 'login')
    throw new Refusal(`There is no command "${command}". Use up or login.`)
  const { XDG_DATA_HOME, HOME, DEVEX_LOG, DEVEX_ISOLATION, DEVEX_PREVIEW_HOST } = CliEnv.parse(env)
  const given = parse(rest)
  if (given.help === true) return 'help'
  if (given.data?.trim() === '') throw new Refusal('--data needs a folder.')
  const host = given.host ?? '127.0.0.1'
  if (isIP(host) === 0 && host !== 'localhost')
    throw new Refusal(`--host needs an IP address, not "${host}".`)
  const port = portOf(given.port)
  const previewHost = previewHostOf(given['preview-host'] ?? DEVEX_PREVIEW_HOST, port)
  const dataHome = XDG_DATA_HOME ?? join(HOME ?? homedir(), '.local', 'share')
  return {
    command,
    data: resolve(given.data ?? join(dataHome, 'devex')),
    port,
    host,
    ...previewHost,
    logLevel: DEVEX_LOG,
    isolation: isolationAsked(given.isolation ?? DEVEX_ISOLATION),
  }
}

function parse(rest: string[]) {
  const text = { type: 'string' } as const
  const options = {
    data: text,
    port: text,
    host: text,
    isolation: text,
    'preview-host': text,
    help: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: rest, options, strict: true }).values
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : ''
    throw new Refusal(`${why.split('. ')[0] ?? why}. Usage:\n${usage}`)
  }
}

function isolationAsked(name: string | undefined): Level | null {
  if (name === undefined || name === '') return null
  const level = Level.safeParse(name)
  if (level.success) return level.data
  throw new Refusal(`There is no isolation "${name}". Use one of ${Level.options.join(', ')}.`)
}

function portOf(text: string | undefined): number {
  if (text === undefined) return defaultPort
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new Refusal(`--port needs a number from 1 to 65535, not "${text}".`)
  return port
}

function previewHostOf(text: string | undefined, port: number): { previewHost?: string } {
  if (text === undefined || text.trim() === '') return {}
  if (readPreviewBase(text, port) !== null) return { previewHost: text }
  throw new Refusal(
    `--preview-host needs a name that begins with *., such as *.example.org or https://*.example.org, not "${text}".`,
  )
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}
