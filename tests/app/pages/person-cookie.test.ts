// The sealed cookie: only ours is believed, nothing of it can be read, and it ends.
import { expect, test } from 'vitest'
import { personCookie } from '../../../app/services/person-cookie.server.ts'
import { makeSeal } from '../../../app/services/seal.server.ts'

const key = '0123456789abcdef'.repeat(4)
const ada = 'abcdefghijklmnop'

const asking = (cookie: string): Request => new Request('http://localhost/', { headers: { cookie } })
const pairOf = (setCookie: string): string => setCookie.split(';')[0]!

test('who was signed in is read back, in the midst of other cookies', () => {
  const cookie = personCookie({ key, secure: false })
  const pair = pairOf(cookie.signIn(ada))
  expect(cookie.read(asking(`theme=dark; ${pair}; x=y`))).toBe(ada)
  expect(pair).not.toContain(ada)
})

test('scripts cannot read it, other sites cannot send it along, and under TLS it is bound to this host', () => {
  expect(personCookie({ key, secure: false }).signIn(ada)).toMatch(
    /^devex=[^;]+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
  )
  expect(personCookie({ key, secure: true }).signIn(ada)).toMatch(
    /^__Host-devex=[^;]+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
  )
})

test('a cookie of another key, an altered one and garbage are nobody', () => {
  const cookie = personCookie({ key, secure: false })
  const value = pairOf(cookie.signIn(ada)).slice('devex='.length)
  const foreign = pairOf(personCookie({ key: key.replaceAll('0', '1'), secure: false }).signIn(ada))
  const bytes = Buffer.from(value, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const bent = Buffer.from(bytes)
    bent[at] = bent[at]! ^ 1
    expect(cookie.read(asking(`devex=${bent.toString('base64url')}`))).toBeNull()
  }
  for (const other of [foreign, 'devex=', 'devex=%%%', `devex=${value.slice(0, 20)}`, `devex=${ada}`, '']) {
    expect(cookie.read(asking(other))).toBeNull()
  }
})

test('it ends after a month even when the browser keeps it', () => {
  let now = 1_000_000
  const cookie = personCookie({ key, secure: false, now: () => now })
  const pair = pairOf(cookie.signIn(ada))
  now += 30 * 24 * 3600 * 1000 - 1
  expect(cookie.read(asking(pair))).toBe(ada)
  now += 1
  expect(cookie.read(asking(pair))).toBeNull()
})

test('the same text is sealed differently each time, and a short key is refused', () => {
  const seal = makeSeal(key)
  expect(seal.close('ada')).not.toBe(seal.close('ada'))
  expect(seal.open(seal.close('ada'))).toBe('ada')
  expect(() => makeSeal('abcd')).toThrow(/32 bytes/)
})
