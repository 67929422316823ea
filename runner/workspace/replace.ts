// Writes a whole file or nothing: temporary file, fdatasync, rename, fsync of the folder; mode and owner are kept.
import { constants, renameSync } from 'node:fs'
import { copyFile, open, unlink, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../protocol/errors.ts'
import { errnoOf } from './faults.ts'
import { lookUp, type Held } from './held.ts'
import { openOld, type OldFile } from './old-file.ts'
import { scratchName, type Scratch } from './scratch.ts'
import { statOf, type Stat } from './stat.ts'

/** Where a file is put: a held folder and a name in it. */
export type Place = { folder: Held; name: string }

/** Whether the file that is there now (null: none) may be replaced. */
export type Still = (now: Stat | null) => boolean

/** What a writer has to say while its file takes a name. */
export type Replacing = {
  still?: Still
  /** Gets the file that lost its name, open; who takes it closes it. */
  replaced?: (old: OldFile) => void
}

const create = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
/** Rename was refused for the folder's or mount's sake; the file itself may be writable all the same. */
const inPlaceAfter = new Set(['EACCES', 'EPERM', 'EBUSY'])

/** Puts what `fill` writes at `place`; the old file stays whole until the new one is. Gives the new file's stat. */
export async function replaceFile(
  place: Place,
  scratch: Scratch,
  content: Replacing & {
    fill: (file: FileHandle) => Promise<void>
    /** Told in the turn in which the file is in its place: whoever moves it right then must find it known. */
    placed: (stat: Stat) => void
  },
): Promise<Stat> {
  const before = lookUp(place.folder, place.name)
  const temporary = scratch.newPath(place.folder)
  try {
    const written = await writeWhole(temporary.path, before, content.fill)
    const stat = await publish({ path: temporary.path, written }, place, {
      ...content,
      before,
      scratch,
    })
    content.placed(stat)
    await syncFolder(place.folder)
    return stat
  } catch (thrown) {
    await unlink(temporary.path).catch(() => undefined)
    throw thrown
  } finally {
    temporary.close()
  }
}

/** Gives the stat of what was written itself: whoever replaces the file right afterwards must not pass for us. */
async function writeWhole(
  path: string,
  before: Stat | null,
  fill: (file: FileHandle) => Promise<void>,
): Promise<Stat> {
  const file = await open(path, create, 0o666)
  try {
    await fill(file)
    if (before?.kind === 'file') await keepModeAndOwner(file, before)
    return await settled(file)
  } finally {
    await file.close()
  }
}

async function keepModeAndOwner(file: FileHandle, before: Stat): Promise<void> {
  const now = statOf(await file.stat({ bigint: true }))
  // Giving a file away is a privilege; without it the file is ours, as with every editor.
  if (now.uid !== before.uid || now.gid !== before.gid) {
    await file.chown(before.uid, before.gid).catch(() => undefined)
  }
  await file.chmod(before.mode)
}

type Temporary = { path: string; written: Stat }

async function publish(
  { path, written }: Temporary,
  place: Place,
  known: Replacing & { before: Stat | null; scratch: Scratch },
): Promise<Stat> {
  if (known.still?.(lookUp(place.folder, place.name)) === false) throw changedMeanwhile()
  // Other names of the same file must see the change too.
  if (known.before?.kind === 'file' && known.before.nlink > 1) return overwrite(path, place)
  try {
    // Nothing may come between the question above and this.
    takeName(path, place, known)
    return written
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === 'EXDEV') return crossMount(path, place, known)
    if (known.before?.kind === 'file' && inPlaceAfter.has(errno ?? '')) return overwrite(path, place)
    throw thrown
  }
}

const changedMeanwhile = (): AppError => new AppError('conflict', { say: 'The file was changed meanwhile.' })

/** Whoever has the old file open may be writing into it right now: it is held from before the rename. */
function takeName(path: string, place: Place, { still, replaced }: Replacing): void {
  const old = replaced ? openOld(place) : null
  try {
    if (old && still?.(old.stat) === false) throw changedMeanwhile()
    renameSync(path, `${place.folder.at}/${place.name}`)
  } catch (thrown) {
    old?.close()
    throw thrown
  }
  if (old) replaced?.(old)
}

/** The temporary file lies on another mount: copy it beside its place first, so that the rename is atomic again. */
async function crossMount(
  path: string,
  place: Place,
  known: Replacing & { scratch: Scratch },
): Promise<Stat> {
  known.scratch.giveUpOutside()
  const beside = `${place.folder.at}/${scratchName}-${path.slice(-12)}`
  try {
    await copyFile(path, beside, constants.COPYFILE_EXCL)
    const file = await open(beside, constants.O_RDONLY | constants.O_NOFOLLOW)
    const written = await settled(file).finally(() => file.close())
    takeName(beside, place, known)
    await unlink(path)
    return written
  } catch (thrown) {
    await unlink(beside).catch(() => undefined)
    throw thrown
  }
}

/** Writes over the file's own bytes, where renaming would break a hard link or is not allowed. Not atomic. */
async function overwrite(path: string, place: Place): Promise<Stat> {
  const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const [from, to] = await Promise.all([open(path, 'r'), open(`${place.folder.at}/${place.name}`, flags)])
  try {
    const bytes = await from.readFile()
    await to.write(bytes, 0, bytes.length, 0)
    await to.truncate(bytes.length)
    const written = await settled(to)
    await unlink(path)
    return written
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}

async function settled(file: FileHandle): Promise<Stat> {
  await file.datasync()
  return statOf(await file.stat({ bigint: true }))
}

/** After this a name made, moved or removed in `folder` survives a lost machine. */
export async function syncFolder(folder: Held): Promise<void> {
  const handle = await open(folder.at, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync().finally(() => handle.close())
}
