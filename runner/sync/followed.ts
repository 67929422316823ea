// One session as sync knows it while it runs: what of it is in the store, and the two steps that bring the rest there.
// When they are taken is follow.ts.
import { lstatSync } from 'node:fs'
import type { FollowRequest } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { type Manifest, manifestNumber } from '../../protocol/objects.ts'
import { commit, type Commit, type Committing, contentsOf, learntFrom } from './commit.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readManifest } from './from-manifest.ts'
import { LogTail, type Shipment } from './log-tail.ts'
import { remoteOf } from './remote.ts'

export class Followed {
  readonly committing: Committing
  /** False once its folders are not those that were there at first: another session may get the same paths. */
  readonly isOurs: () => boolean
  readonly #request: FollowRequest
  readonly #turnMs: number
  /** When the store last answered that it is still our turn. */
  #turnAt = performance.now()
  /** Of the folders when they were last committed, or null when they must be looked into anyway. */
  #fingerprint: string | null = null

  static async open(
    request: FollowRequest,
    how: { signal: AbortSignal; turnMs: number; shipped: (shipment: Shipment) => void },
  ): Promise<Followed> {
    const remote = remoteOf(request.target, how.signal)
    const parent = request.parent === undefined ? null : await readManifest(remote, request.parent)
    const { target, workspace, state, seq } = request
    return new Followed(request, how.turnMs, {
      folders: { workspace, state },
      target,
      remote,
      tail: tailOf(request, request.log, parent),
      learnt: learntFrom(parent),
      contents: parent === null ? null : contentsOf(parent),
      seq,
      parent: request.parent,
      attempt: attemptAfter(request),
      shipped: how.shipped,
    })
  }

  private constructor(request: FollowRequest, turnMs: number, committing: Committing) {
    this.#request = request
    this.#turnMs = turnMs
    this.committing = committing
    this.isOurs = sameFolders(committing.folders)
  }

  /** Puts what the log got; now and then, when it got nothing, asks whether a newer session has begun. */
  async ship(): Promise<void> {
    const { tail, remote, shipped } = this.committing
    if (tail.isBehind()) await tail.ship(remote, shipped)
    else if (performance.now() - this.#turnAt < this.#turnMs) return
    else await remote.checkTurn()
    this.#turnAt = performance.now()
  }

  /** Null when nothing but the log has changed since the last commit. */
  async commitIfDirty(): Promise<Commit | null> {
    const fingerprint = await fingerprintOf(this.committing.folders)
    if (fingerprint === this.#fingerprint) return null
    try {
      const done = await commit(this.committing)
      const { workspace, state } = this.committing.learnt
      this.#fingerprint = workspace.isSettled && state.isSettled ? fingerprint : null
      if (done !== null) this.#advance(done)
      return done
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'verify-failed') this.#forget()
      throw thrown
    }
  }

  #advance({ key, sha256, contents }: Commit): void {
    Object.assign(this.committing, { parent: { key, sha256 }, contents })
    this.committing.attempt += 1
  }

  /** What was relied upon is not as it was: everything is put again. */
  #forget(): void {
    const { committing } = this
    committing.learnt = learntFrom(null)
    committing.contents = null
    committing.tail = tailOf(this.#request, committing.tail.next, null)
  }
}

function tailOf({ state, target }: FollowRequest, log: number, parent: Manifest | null): LogTail {
  return new LogTail({ state, target, log, parent })
}

/** Manifests of one generation and seq are told apart by a number; those up to the parent's are taken. */
function attemptAfter({ parent, target, seq }: FollowRequest): number {
  const named = manifestNumber(parent?.key ?? '')
  return named?.generation === target.generation && named.seq === seq ? named.attempt + 1 : 0
}

function sameFolders({ workspace, state }: { workspace: string; state: string }): () => boolean {
  const identityOf = () =>
    [workspace, state]
      .map((folder) => lstatSync(folder, { bigint: true, throwIfNoEntry: false }))
      .map((stat) => (stat?.isDirectory() === true ? `${stat.dev} ${stat.ino}` : 'none'))
      .join()
  const first = identityOf()
  return () => !first.includes('none') && identityOf() === first
}
