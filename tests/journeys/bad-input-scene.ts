// The scene of the bad-input journey: a running repl with a secret beside it, tokens good and bad, and grace who types all the while.
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, importJWK, SignJWT, type JWK } from 'jose'
import { expect } from 'vitest'
import { controlAudience, doorAudience, tokenIssuer } from '../../protocol/access.ts'
import { eventually } from '../support/eventually.ts'
import { picture, workspaceIn } from '../support/picture.ts'
import { startProduct, type Product } from '../support/product.ts'
import { Visitor, type Inhabitant } from '../support/visitor.ts'

export const secret = 'nobody may read this'
const steady = 'steady.txt'
/** Milliseconds between grace's letters: a fast typist. */
const typingMs = 40

export type Scene = {
  product: Product
  owner: Visitor
  repl: string
  ada: Inhabitant
  viewer: Inhabitant
  viewerPerson: Visitor
  /** A token of another running repl of the same person. */
  foreignToken: string
  /** Folder beside the workspaces that links of this repl lead to. */
  outside: string
  workspace: string
  /** Signs as the installation does, or with a key nobody knows. */
  sign(claims: Record<string, unknown>, of: Signing): Promise<string>
  /** Runs an attack; nothing on the disk may have changed after it, and grace's typing must have come through. */
  unharmed(attack: () => Promise<unknown>): Promise<void>
  close(): Promise<void>
}

export type Signing = { audience: 'door' | 'control'; expiresIn: number; sub?: string; unknownKey?: boolean }

export async function setScene(): Promise<Scene> {
  const product = await startProduct()
  const owner = await Visitor.arrive(product.link)
  const { id: repl } = await owner.create('attacked', 'python')
  const other = await owner.create('other', 'python')
  const [ada, elsewhere] = await Promise.all([owner.start(repl), owner.start(other.id)])
  const graceVisitor = await Visitor.arrive(await owner.invite(repl, 'editor'), { name: 'Grace' })
  const viewerPerson = await Visitor.arrive(await owner.invite(repl, 'viewer'), { name: 'Hedy' })
  const workspace = workspaceIn(product.data, repl)
  const outside = join(product.data, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret.txt'), secret)
  symlinkSync(outside, join(workspace, 'out'))
  symlinkSync(join(outside, 'secret.txt'), join(workspace, 'peek'))
  writeFileSync(join(workspace, steady), '')
  const grace = await typeSteadily(await graceVisitor.enter(repl))
  const look = (): object => {
    const { [steady]: _typed, ...rest } = picture(workspace)
    return { inside: rest, outside: picture(outside) }
  }
  return {
    product,
    owner,
    repl,
    ada,
    viewer: await viewerPerson.enter(repl),
    viewerPerson,
    foreignToken: elsewhere.doors.token,
    outside,
    workspace,
    sign: await signer(product.data),
    unharmed: async (attack) => {
      const [before, typed] = [look(), grace.typed()]
      await attack()
      await eventually(() => grace.typed() > typed)
      const text = grace.text()
      await eventually(() => readFileSync(join(workspace, steady), 'utf8').includes(text))
      expect(look()).toEqual(before)
      expect(grace.interruptions()).toBe(0)
    },
    close: async () => {
      grace.stop()
      await product.stop()
      product.clean()
    },
  }
}

/** Somebody who types letter after letter and tells how often the room was lost. */
async function typeSteadily(who: Inhabitant) {
  const { text, provider } = await eventually(() => who.edit(steady))
  let interruptions = 0
  let typed = 0
  provider.on('status', ({ status }) => {
    if (status !== 'connected') interruptions += 1
  })
  const timer = setInterval(() => {
    text.insert(text.length, String.fromCharCode(97 + (typed % 26)))
    typed += 1
  }, typingMs)
  return {
    typed: () => typed,
    text: () => text.toString(),
    interruptions: () => interruptions,
    stop: () => {
      clearInterval(timer)
      who.leave()
    },
  }
}

/** The installation's own key, read as only its operator can. */
async function signer(data: string): Promise<Scene['sign']> {
  const { jwk } = JSON.parse(readFileSync(join(data, 'keys', 'tokens.json'), 'utf8')) as { jwk: JWK }
  const own = await importJWK(jwk, 'EdDSA')
  const kid = await calculateJwkThumbprint(jwk)
  const stranger = generateKeyPairSync('ed25519').privateKey
  return (claims, of) => {
    const now = Math.floor(Date.now() / 1000)
    const token = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: of.unknownKey ? 'stranger' : kid })
      .setIssuer(tokenIssuer)
      .setAudience(of.audience === 'door' ? doorAudience : controlAudience)
      .setIssuedAt(now - 1000)
      .setExpirationTime(now + of.expiresIn)
    return (of.sub === undefined ? token : token.setSubject(of.sub)).sign(of.unknownKey ? stranger : own)
  }
}
