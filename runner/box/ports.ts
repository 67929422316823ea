// The ports on which programs of this box listen: looks now and then while somebody wants to know, and says what changed.
// Another's port, our own too, is never told of and never dialled.
import type { OpenPort } from '../../protocol/preview.ts'
import { mostPorts } from '../../protocol/preview.ts'
import { heldBy, listeners, programName, type Listener } from './ports-table.ts'

/** Milliseconds between looks: a port is found before a person looks for it; a look that finds nothing new costs 0.1 ms. */
const lookMs = 400

export type PortsDeps = {
  /** `own`: every listener of our network is the box's; `shared`: only those of its own programs. */
  network: 'own' | 'shared'
  /** The box's own programs. */
  programs: () => number[]
  /** Every process that we may see; for an own network, where programs may have left every trace of us. */
  everybody: () => number[]
  everyMs?: number
}

type Told = (ports: OpenPort[]) => void

export class BoxPortList {
  readonly #deps: PortsDeps
  readonly #told = new Set<Told>()
  #timer: NodeJS.Timeout | undefined
  #seen = ''
  #known: OpenPort[] = []

  constructor(deps: PortsDeps) {
    this.#deps = deps
  }

  /** Tells the list at once and after each change, until the answer is called. */
  watch(tell: Told): () => void {
    this.#told.add(tell)
    this.#look()
    tell(this.#known)
    this.#timer ??= setInterval(() => this.#look(), this.#deps.everyMs ?? lookMs).unref()
    return () => {
      this.#told.delete(tell)
      if (this.#told.size === 0) this.close()
    }
  }

  /** True when a program of this box listens there now. */
  has(port: number): boolean {
    this.#look()
    return this.#known.some((open) => open.port === port)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Whose a socket is can only change with the sockets: the search through all programs is for a new set alone. */
  #look(): void {
    const found = listeners()
    const seen = found.map(({ inode }) => inode).join()
    if (seen === this.#seen) return
    this.#seen = seen
    const ports = this.#ports(found)
    if (JSON.stringify(ports) === JSON.stringify(this.#known)) return
    this.#known = ports
    for (const tell of this.#told) tell(ports)
  }

  #ports(found: Listener[]): OpenPort[] {
    const ours = heldBy(process.pid, new Set(found.map(({ inode }) => inode)))
    const theirs = found.filter(({ inode }) => !ours.includes(inode))
    const owners = this.#owners(theirs)
    const named = new Map<number, string>()
    for (const { port, inode } of theirs) {
      const owner = owners.get(inode)
      if (owner === undefined && this.#deps.network === 'shared') continue
      if (!named.get(port)) named.set(port, owner === undefined ? '' : programName(owner))
    }
    const ports = [...named].map(([port, program]) => ({ port, program }))
    return ports.sort((a, b) => a.port - b.port).slice(0, mostPorts)
  }

  /** The first program that holds each socket: a server that forks has it open in all its children. */
  #owners(found: Listener[]): Map<string, number> {
    const owners = new Map<string, number>()
    const open = new Set(found.map(({ inode }) => inode))
    const { network, programs, everybody } = this.#deps
    for (const pid of open.size === 0 ? [] : network === 'own' ? everybody() : programs()) {
      if (pid === process.pid) continue
      for (const inode of heldBy(pid, open)) {
        owners.set(inode, pid)
        open.delete(inode)
      }
      if (open.size === 0) break
    }
    return owners
  }
}
