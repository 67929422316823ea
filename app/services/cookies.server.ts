// Reading and writing cookie headers. What a cookie means is for those who name it.

export interface CookieLook {
  name: string
  value: string
  /** Seconds to keep it; 0 takes it away. */
  maxAge: number
  secure: boolean
}

/** A Set-Cookie header that scripts cannot read and foreign pages cannot send along with a change. */
export function setCookie({ name, value, maxAge, secure }: CookieLook): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** The first value of cookie `name`, or null. */
export function readCookie(request: Request, name: string): string | null {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return null
}
