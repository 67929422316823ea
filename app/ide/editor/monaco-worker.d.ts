// Type of what `?monaco-worker` gives (see app/monaco-workers.server.ts): a class whose instances are module workers.
declare module '*?monaco-worker' {
  const MonacoWorker: new () => Worker
  export default MonacoWorker
}
