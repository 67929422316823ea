// The seam of exposure: how a running repl's runner is reached from outside; who may come in is decided by the runner's own doors.

/** Addresses of one repl's doors, as pages use them: no slash at the end. */
export type Doors = {
  /** `ws(s)://host/collab`: rooms lie below it. */
  collab: string
  /** `http(s)://host/r/<repl>`: every other door of the runner lies below it. */
  runner: string
}

export type PreviewWish = {
  repl: string
  slug: string
  port: number
  from: string
  plain: boolean
  mayOpen?: boolean
}

export interface Exposure {
  /** Makes the repl's runner reachable, durably; a second call replaces the target. Resolved = every new request finds it. */
  expose(repl: string, target: { socket: string }): Promise<void>
  /** Takes it away again, for every new request; no error when it was not exposed. */
  hide(repl: string): Promise<void>
  /**
   * The origin at which a port of the repl is seen, for somebody who reached us at the origin `from`; made so that the next
   * request to it finds its way while the repl runs. `slug` names the repl in it and belongs to no other repl, ever. `plain`:
   * the browser does not reach hosts of their own. `mayOpen`: false where nothing new may be opened for it.
   */
  preview(place: PreviewWish): Promise<string>
  /** All slugs that were ever given to a repl that lives: their previews are found again though what an exposure keeps was lost. */
  know(slugs: Record<string, string>): Promise<void>
  /** Where its doors are, exposed or not: the address of a repl never changes. */
  doors(repl: string): Doors
}
