// The cookie that keeps the chosen theme, so that the server renders the right one at once.
import { Theme } from '../ui/theme-choice.ts'
import { readCookie, setCookie } from './cookies.server.ts'

const name = 'devex-theme'
/** Seconds: a year, the longest that browsers keep a cookie anyway. */
const holdsSeconds = 365 * 24 * 3600

export function readTheme(request: Request): Theme {
  return Theme.safeParse(readCookie(request, name)).data ?? 'system'
}

export function themeCookie(theme: Theme, secure: boolean): string {
  return setCookie({ name, value: theme, maxAge: holdsSeconds, secure })
}
