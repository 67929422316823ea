// The frame of every page: document, theme, live region, notices; and the page for anything that fails.
import type { ReactNode } from 'react'
import interLatin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url'
import {
  Links,
  Meta,
  Outlet,
  Scripts,
  ScrollRestoration,
  useLoaderData,
  useRouteLoaderData,
} from './framework.ts'
import type { LoaderFunctionArgs } from './framework.server.ts'
import { FaultPage } from './pages/fault-page.tsx'
import { readTheme } from './services/theme.server.ts'
import './ui/app.css'
import icon from './ui/icon.svg'
import { LiveRegion } from './ui/live-region.tsx'
import { ThemeScope } from './ui/theme.tsx'
import { Toaster } from './ui/toast.tsx'
import { TooltipScope } from './ui/tooltip.tsx'

export const links = () => [
  { rel: 'icon', href: icon, type: 'image/svg+xml' },
  { rel: 'preload', href: interLatin, as: 'font', type: 'font/woff2', crossOrigin: 'anonymous' as const },
]

export const meta = () => [{ title: 'DevEx' }]

export const loader = ({ request, context }: LoaderFunctionArgs) => ({
  theme: readTheme(request),
  nonce: context.nonce,
})

export function Layout({ children }: { children: ReactNode }) {
  const root = useRouteLoaderData<typeof loader>('root')
  const nonce = typeof document === 'undefined' ? root?.nonce : ''
  return (
    <html lang="en" data-theme={root?.theme ?? 'system'} suppressHydrationWarning>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <ScrollRestoration {...(nonce === undefined ? {} : { nonce })} />
        <Scripts {...(nonce === undefined ? {} : { nonce })} />
      </body>
    </html>
  )
}

export default function App() {
  const { theme } = useLoaderData<typeof loader>()
  return (
    <ThemeScope theme={theme}>
      <TooltipScope>
        <Outlet />
        <Toaster />
        <LiveRegion />
      </TooltipScope>
    </ThemeScope>
  )
}

export function ErrorBoundary() {
  return (
    <TooltipScope>
      <FaultPage />
    </TooltipScope>
  )
}
