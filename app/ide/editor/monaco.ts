// Monaco as we use it: chosen features and languages, its workers, and themes from our tokens. It opens no document.
import * as monaco from 'monaco-editor/editor'
import './monaco-features.ts'
import 'monaco-editor/languages/definitions/cpp/register'
import 'monaco-editor/languages/definitions/css/register'
import 'monaco-editor/languages/definitions/dockerfile/register'
import 'monaco-editor/languages/definitions/go/register'
import 'monaco-editor/languages/definitions/html/register'
import 'monaco-editor/languages/definitions/ini/register'
import 'monaco-editor/languages/definitions/java/register'
import 'monaco-editor/languages/definitions/javascript/register'
import 'monaco-editor/languages/definitions/markdown/register'
import 'monaco-editor/languages/definitions/python/register'
import 'monaco-editor/languages/definitions/ruby/register'
import 'monaco-editor/languages/definitions/rust/register'
import 'monaco-editor/languages/definitions/shell/register'
import 'monaco-editor/languages/definitions/sql/register'
import 'monaco-editor/languages/definitions/typescript/register'
import 'monaco-editor/languages/definitions/xml/register'
import 'monaco-editor/languages/definitions/yaml/register'
import 'monaco-editor/languages/features/css/register'
import 'monaco-editor/languages/features/html/register'
import 'monaco-editor/languages/features/json/register'
import 'monaco-editor/languages/features/typescript/register'
// The build makes the default export of a `?monaco-worker` (app/monaco-workers.server.ts); the linter looks at the file behind it.
/* oxlint-disable import/default, import/no-named-as-default */
import EditorWorker from 'monaco-editor/editor/editor.worker?monaco-worker'
import CssWorker from 'monaco-editor/language/css/css.worker?monaco-worker'
import HtmlWorker from 'monaco-editor/language/html/html.worker?monaco-worker'
import JsonWorker from 'monaco-editor/language/json/json.worker?monaco-worker'
import TypeScriptWorker from 'monaco-editor/language/typescript/ts.worker?monaco-worker'

export { monaco }

const workers: Record<string, new () => Worker> = {
  css: CssWorker,
  scss: CssWorker,
  less: CssWorker,
  html: HtmlWorker,
  json: JsonWorker,
  typescript: TypeScriptWorker,
  javascript: TypeScriptWorker,
}

self.MonacoEnvironment = {
  getWorker: (_module, label) => new (workers[label] ?? EditorWorker)(),
}

/** The language a path's name stands for, by Monaco's own table. */
export function languageOf(path: string): { id: string; name: string } {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  const languages = monaco.languages.getLanguages()
  const found =
    languages.find((language) => language.filenames?.some((known) => known.toLowerCase() === name)) ??
    languages.find((language) => language.extensions?.some((ending) => name.endsWith(ending.toLowerCase())))
  return { id: found?.id ?? 'plaintext', name: found?.aliases?.[0] ?? 'Plain Text' }
}
