// The only place where server code imports Remix; a later move to its successor changes this file.
import type { AppContext } from './services/context.server.ts'

declare module '@remix-run/node' {
  interface Future {
    v3_singleFetch: true
  }
  interface AppLoadContext extends AppContext {}
}

export { createRequestHandler } from '@remix-run/express'
export { createReadableStreamFromReadable, data, redirect } from '@remix-run/node'
export type {
  ActionFunctionArgs,
  AppLoadContext,
  EntryContext,
  LoaderFunctionArgs,
  ServerBuild,
} from '@remix-run/node'
export { RemixServer } from '@remix-run/react'
