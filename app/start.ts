// The app room's public factory; what it starts is in server.ts.
export { startApp } from './server.ts'
export type { StartedApp } from './server.ts'
