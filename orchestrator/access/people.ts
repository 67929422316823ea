// The people of this installation and the one-time links by which its owner gets in. Roles in a repl live in its record.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../protocol/errors.ts'
import { PersonId, PersonName, newCode, newPersonId } from '../../protocol/ids.ts'
import type { Person } from '../../protocol/repl.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isConflict, table } from '../ledger/table.ts'

/** An owner link that nobody used is worthless after this time. */
export const linkMs = 24 * 3600 * 1000

const PersonRecord = z.object({
  format: z.literal(1),
  id: PersonId,
  name: PersonName,
  admin: z.boolean(),
  /** Provider and stable id of the identity that this person was made for. */
  identity: z.string(),
  createdAt: z.number(),
})
const LinkRecord = z.object({ expiresAt: z.number(), usedAt: z.number().nullable() })
const OwnerRecord = z.object({ person: PersonId })

/** Who holds an owner link is this one person. */
const ownerIdentity = 'owner:this-installation'
const guestIdentity = 'guest:'

export type People = ReturnType<typeof peopleOver>

export function peopleOver(ledger: Ledger, parts: { now: () => number; ownerName: string }) {
  const people = table(ledger, 'people/', PersonRecord)
  const links = table(ledger, 'links/', LinkRecord)
  const owners = table(ledger, 'owner/', OwnerRecord)

  async function make(person: { name: string; admin: boolean; identity: string }): Promise<Person> {
    const id = newPersonId(randomBytes)
    const row = await people.create(id, { format: 1, id, ...person, createdAt: parts.now() })
    return wire(row.value)
  }

  async function find(id: string): Promise<Person> {
    const row = PersonId.safeParse(id).success ? await people.get(id) : null
    if (row === null) throw new AppError('not-found', { say: 'There is no such person here.' })
    return wire(row.value)
  }

  /** Two links used at the same instant still mean one owner: the record under `owner/` decides who it is. */
  async function owner(): Promise<Person> {
    const known = await owners.get('this')
    if (known !== null) return find(known.value.person)
    const made = await make({ name: parts.ownerName, admin: true, identity: ownerIdentity })
    try {
      await owners.create('this', { person: made.id })
      return made
    } catch (thrown) {
      if (!isConflict(thrown)) throw thrown
      return owner()
    }
  }

  return {
    find,
    makeGuest: (name: string) =>
      make({ name, admin: false, identity: `${guestIdentity}${newCode(randomBytes)}` }),
    isGuest: async (id: string): Promise<boolean> => isGuestRecord((await people.get(id))?.value),
    /** Only who is a guest: everybody else is called as their identity says. */
    async renameGuest(id: string, name: string): Promise<Person> {
      const row = await people.change(id, (record) => (isGuestRecord(record) ? { ...record, name } : record))
      return row === null ? find(id) : wire(row.value)
    },
    async newLink(): Promise<{ code: string; expiresAt: number }> {
      const code = newCode(randomBytes)
      const expiresAt = parts.now() + linkMs
      await links.create(code, { expiresAt, usedAt: null })
      return { code, expiresAt }
    },
    /** The first to come gets in; a used, expired or unknown link is refused in the same words. */
    async consumeLink(code: string): Promise<Person> {
      const now = parts.now()
      const used = await links.change(code, (link) => {
        if (link.usedAt !== null || now >= link.expiresAt) throw linkUsed()
        return { ...link, usedAt: now }
      })
      if (used === null) throw linkUsed()
      return owner()
    },
  }
}

function isGuestRecord(record: z.infer<typeof PersonRecord> | undefined): boolean {
  return record?.identity.startsWith(guestIdentity) ?? false
}

function wire(person: z.infer<typeof PersonRecord>): Person {
  return { id: person.id, name: person.name, admin: person.admin }
}

function linkUsed(): AppError {
  return new AppError('link-used', {
    say: 'This link has been used or has expired. Run "npm run login" in the folder of DevEx for a new one.',
  })
}
