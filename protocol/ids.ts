// The names of things: ids are generated, never typed by a person, and safe in paths, hosts and URLs.
import { z } from 'zod'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648 base32 in lower case without padding; `bytes` of length 5n give 8n characters. */
export function base32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet.charAt((held >>> bits) & 31)
    }
  }
  if (bits > 0) out += alphabet.charAt((held << (5 - bits)) & 31)
  return out
}

/** Lower-case hexadecimal of `bytes`. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A source of `n` random bytes, so that this folder stays free of any platform. */
export type Random = (n: number) => Uint8Array

/** A repl, 96 random bits: 20 characters of base32. */
export const ReplId = z.string().regex(/^[a-z2-7]{20}$/)
export type ReplId = z.infer<typeof ReplId>
export const newReplId = (random: Random): ReplId => base32(random(12)).padEnd(20, 'a').slice(0, 20)

/** One text file's document, stable across renames: 16 characters of base32. */
export const DocId = z.string().regex(/^[a-z2-7]{16}$/)
export type DocId = z.infer<typeof DocId>
export const newDocId = (random: Random): DocId => base32(random(10))

/** One document history, 128 random bits in hexadecimal. */
export const Epoch = z.string().regex(/^[0-9a-f]{32}$/)
export type Epoch = z.infer<typeof Epoch>
export const newEpoch = (random: Random): Epoch => hex(random(16))

/** A human. Made by us at first sight of an identity; never a name or an address. */
export const PersonId = z.string().regex(/^[a-z2-7]{16}$/)
export type PersonId = z.infer<typeof PersonId>
export const newPersonId = (random: Random): PersonId => base32(random(10))

/** A terminal within one session: small, never reused while the session lives. */
export const TerminalId = z.number().int().min(1).max(0xffff)
export type TerminalId = z.infer<typeof TerminalId>

/** Counts the sessions of a repl; every URL, commit and link of a session carries it. */
export const Generation = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
export type Generation = z.infer<typeof Generation>

/** The code of an invite or of a one-time link: 160 random bits. */
export const Code = z.string().regex(/^[a-z2-7]{32}$/)
export type Code = z.infer<typeof Code>
export const newCode = (random: Random): Code => base32(random(20))

/** What a person may call a repl. Shown, never used in a path, a host or a shell. */
export const ReplName = z
  .string()
  .trim()
  .min(1, 'Give the REPL a name.')
  .max(60, 'A name has at most 60 characters.')
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._'()+-]*$/u,
    "Use letters, digits, spaces and . _ - ' ( ) +, beginning with a letter or digit.",
  )

/** What a person is called on screen. */
export const PersonName = z
  .string()
  .trim()
  .min(1, 'Give a name.')
  .max(40, 'A name has at most 40 characters.')
  // Joiners are kept: names in many scripts and joined emoji need them.
  .regex(/^(?:[^\p{C}<>]|[\u200c\u200d])+$/u, 'A name cannot hold control characters or < >.')

/** Letters and signs that leave nothing on a screen: fillers of Hangul, the blank pattern of braille. */
const blanks = /[\u115f\u1160\u3164\uffa0\u2800]/gu

/** Cyrillic and Greek letters that look like a Latin one, in pairs (after Unicode TR 39; case is folded after it). */
const doubles =
  'АAВBЕEЅSІIЈJКKМMНHОOРPСCТTУYҮYХXԜWаaеeѕsіiјjоoрpсcԁdһhуyүyхxԝwѡwѵv' +
  'ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXαaγyηnιiνvοoρpσoυuωw'
const latin = new Map(doubles.match(/../gu)?.map(([double = '', letter = '']) => [double, letter]))

/** What two names that look alike have in common: no joiners or fillers, one alphabet, width and case, single spaces. */
export function nameLook(name: string): string {
  const shown = name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(blanks, '')
    .replace(/[\u0370-\u052f]/gu, (letter) => latin.get(letter) ?? letter)
  return shown.replace(/\s+/gu, ' ').trim().toLowerCase()
}

/** What the pages call somebody without their name, whatever signs stand around it. */
const isSaidOfOthers = (name: string): boolean =>
  /^(you|(the )?owner)$/.test(
    nameLook(name)
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  )

/** What a guest may call themselves: something that is seen, and not what the pages call the reader, or an owner without a name. */
export const GuestName = PersonName.refine((name) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(nameLook(name)), {
  error: 'Give a name that can be seen.',
}).refine((name) => !isSaidOfOthers(name), {
  error:
    'A guest cannot be called Owner or You: others would take you for somebody else. Give your own name.',
})

/** A template's folder name. */
export const TemplateId = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/)

/** A SHA-256 in lower-case hexadecimal. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
