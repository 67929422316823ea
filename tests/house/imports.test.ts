// The import table of the design: rooms meet over sockets and HTTP, never by import.
import { builtinModules } from 'node:module'
import { expect, test } from 'vitest'
import { sources } from './sources.ts'
import type { Import, Source } from './sources.ts'

const all = sources()
const builtins = new Set(builtinModules)

/** The parts of the house that the table tells apart, most particular first. */
const parts = [
  'runner/box',
  'runner/sync',
  'orchestrator/exposure/front-door',
  'app/ui',
  'app/ide',
  'protocol',
  'app',
  'collab-server',
  'runner',
  'orchestrator',
  'tests',
  'scripts',
]
const partOf = (path: string): string => parts.find((part) => path.startsWith(`${part}/`)) ?? path
const roomOf = (path: string): string => path.split('/')[0] ?? ''

function broken(judge: (source: Source, imported: Import) => boolean): string[] {
  return all.flatMap((source) =>
    source.imports
      .filter((imported) => judge(source, imported))
      .map((imported) => `${source.path} imports ${imported.to}`),
  )
}

test('protocol imports zod and itself, nothing else', () => {
  expect(
    broken(
      (source, { to, isOwn }) =>
        partOf(source.path) === 'protocol' && to !== 'zod' && !(isOwn && to.startsWith('protocol/')),
    ),
  ).toEqual([])
})

test('no room imports another room', () => {
  const isForeign = (source: Source, { to, isOwn }: Import): boolean => {
    const from = roomOf(source.path)
    return (
      isOwn &&
      from !== 'tests' &&
      from !== 'scripts' &&
      roomOf(to) !== from &&
      roomOf(to) !== 'protocol' &&
      !to.startsWith('build/')
    )
  }
  expect(broken(isForeign)).toEqual([])
})

test('box, sync and the front door are programs of their own: they import protocol and their own folder', () => {
  const alone = ['runner/box', 'runner/sync', 'orchestrator/exposure/front-door']
  const isLoose = (source: Source, imported: Import): boolean => {
    const part = partOf(source.path)
    if (!alone.includes(part) || !imported.isOwn) return false
    const isSeam = imported.isTypeOnly && imported.to === 'orchestrator/exposure/exposure.ts'
    return partOf(imported.to) !== part && partOf(imported.to) !== 'protocol' && !isSeam
  }
  expect(broken(isLoose)).toEqual([])
})

test('nothing imports from inside box, sync or the front door but themselves and their parent’s composition', () => {
  const isIntrusion = (source: Source, imported: Import): boolean => {
    const to = partOf(imported.to)
    if (!imported.isOwn || (to !== 'runner/box' && to !== 'runner/sync')) return false
    return partOf(source.path) !== to && roomOf(source.path) !== 'tests'
  }
  expect(broken(isIntrusion)).toEqual([])
})

test('what runs in a browser imports no node: module and no server file', () => {
  const isServerSide = (source: Source, { to, isOwn }: Import): boolean => {
    if (!['app/ide', 'app/ui'].includes(partOf(source.path))) return false
    return to.startsWith('node:') || builtins.has(to) || (isOwn && to.includes('.server'))
  }
  expect(broken(isServerSide)).toEqual([])
})

test('ui never imports ide', () => {
  expect(broken((source, { to }) => partOf(source.path) === 'app/ui' && to.startsWith('app/ide/'))).toEqual(
    [],
  )
})

test('in the app only server files use node: modules', () => {
  const isLeak = (source: Source, { to }: Import): boolean =>
    partOf(source.path) === 'app' &&
    to.startsWith('node:') &&
    !/(\.server\.tsx?|^app\/(server|main|config)\.ts)$/.test(source.path)
  expect(broken(isLeak)).toEqual([])
})

test('built-in modules are imported with the node: prefix', () => {
  expect(broken((_source, { to, isOwn }) => !isOwn && builtins.has(to) && !to.startsWith('node:'))).toEqual(
    [],
  )
})

test('only the framework files import @remix-run', () => {
  const allowed = /^app\/(framework(\.server)?\.tsx?|entry\.(client|server)\.tsx|routes\.ts|root\.tsx)$/
  const isLoose = (source: Source, { to }: Import): boolean =>
    to.startsWith('@remix-run/') && roomOf(source.path) === 'app' && !allowed.test(source.path)
  expect(broken(isLoose)).toEqual([])
  expect(
    broken(
      (source, { to }) => to.startsWith('@remix-run/') && !['app', 'tests'].includes(roomOf(source.path)),
    ),
  ).toEqual([])
})

test('core never imports a door', () => {
  const core =
    /^runner\/(documents|workspace|terminals)\/|^orchestrator\/(decide|reconcile|progress|ledger|sandbox|objects)/
  const isUpward = (source: Source, { to, isTypeOnly }: Import): boolean =>
    core.test(source.path) && !isTypeOnly && /^(runner\/doors|orchestrator\/api)\//.test(to)
  expect(broken(isUpward)).toEqual([])
})

test('tests of one room leave the inside of the others alone', () => {
  const mayEnter = (source: Source, to: string): boolean => {
    const folder = source.path.split('/')[1] ?? ''
    const own: Record<string, string> = {
      collab: 'collab-server',
      runner: 'runner',
      orchestrator: 'orchestrator',
      app: 'app',
      fuzz: 'runner',
    }
    return own[folder] === roomOf(to)
  }
  const isPublic = (to: string): boolean =>
    /\/(start|disk|durable|ledger|sandbox|object-store|exposure|sign-in\.server|verify|main)\.ts$/.test(to)
  const isIntrusion = (source: Source, { to, isOwn, isTypeOnly }: Import): boolean => {
    if (
      roomOf(source.path) !== 'tests' ||
      !isOwn ||
      ['tests', 'protocol', 'scripts', 'templates', 'build'].includes(roomOf(to))
    )
      return false
    if (!to.includes('/')) return false
    return (
      !isTypeOnly && !mayEnter(source, to) && !isPublic(to) && !/^tests\/(exams|bench)\//.test(source.path)
    )
  }
  expect(broken(isIntrusion)).toEqual([])
})
