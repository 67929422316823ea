// Reads the house's own source files and their imports, for the tests of this folder.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

export const root = execFileSync('git', ['rev-parse', '--show-toplevel'], { encoding: 'utf8' }).trim()

/** A source file: path from the root with `/`, its text, and what it imports. */
export type Source = { path: string; text: string; imports: Import[] }
/** `to` is a path from the root for our own files, else the bare name of a package or built-in. */
export type Import = { to: string; isOwn: boolean; isTypeOnly: boolean }

const rooms = ['protocol', 'app', 'collab-server', 'runner', 'orchestrator', 'tests', 'scripts']

/** Every file git tracks or would track. */
export function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  return list.split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
}

let known: Source[] | undefined

/** Read once; no test changes the house. */
export function sources(): Source[] {
  known ??= trackedFiles()
    .filter((path) => /\.(ts|tsx)$/.test(path) && rooms.includes(path.split('/')[0] ?? ''))
    .map((path) => read(path))
  return known
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, imports: importsOf(path, text) }
}

function importsOf(path: string, text: string): Import[] {
  const file = parse({ path, text })
  const found: Import[] = []
  const add = (node: ts.Node, isTypeOnly: boolean): void => {
    if (ts.isStringLiteral(node)) found.push(resolve(path, node.text, isTypeOnly))
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly)
    else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0]
    )
      add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function resolve(from: string, to: string, isTypeOnly: boolean): Import {
  const isOwn = to.startsWith('.')
  return { to: isOwn ? normalize(join(dirname(from), to.split('?')[0] ?? to)) : to, isOwn, isTypeOnly }
}

const parsed = new Map<string, ts.SourceFile>()

export function parse(source: { path: string; text: string }): ts.SourceFile {
  const key = `${source.path}\n${source.text}`
  const file = parsed.get(key) ?? parseAnew(source)
  parsed.set(key, file)
  return file
}

function parseAnew(source: { path: string; text: string }): ts.SourceFile {
  return ts.createSourceFile(
    source.path,
    source.text,
    ts.ScriptTarget.ES2022,
    true,
    source.path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  )
}

/** Every node of a file, depth first. */
export function* nodes(node: ts.Node): Generator<ts.Node> {
  const found: ts.Node[] = []
  const visit = (one: ts.Node): void => {
    found.push(one)
    ts.forEachChild(one, visit)
  }
  visit(node)
  yield* found
}
