// How a runner keeps its own bytes for good: the seam to its disk, and what each call promises. Holds no implementation.

/** A file that only grows. `append` hands bytes to the kernel, `sync` makes them survive the machine. */
export type Appendable = {
  append(parts: Uint8Array[]): void
  /** fdatasync. After it has failed once nothing of this file may be believed any more. */
  sync(): Promise<void>
  close(): void
}

/** Failures are the system's errors, with their `code`. Paths are absolute. */
export interface Disk {
  /** Makes a new file that begins with `head`; fails when there is one already. Its name is durable after `syncFolder`. */
  create(path: string, head: Uint8Array): Appendable
  /** Replaces a file as a whole: at every instant, and after a loss of power, it is the old or the new one. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /** Cuts a file at `length` bytes, durably. */
  truncate(path: string, length: number): Promise<void>
  /** Makes names in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Takes `bytes` of the disk under this name and keeps them from everybody else; false when they cannot be had. */
  reserve(path: string, bytes: number): Promise<boolean>
  /** Removes a file that may be missing. */
  remove(path: string): void
}
