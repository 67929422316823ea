// Uploading by button or drop: new files are sent at once, for those that exist the person is asked first. It draws nothing.
import { useState } from 'react'
import { AppError } from '../../../protocol/errors.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { Chosen } from './chosen.ts'
import { partUploads, uploadAll, uploadsInto, type Upload } from './uploads.ts'

export type Uploads = {
  /** Files that exist already, about which the person is being asked. */
  asked: Upload[]
  /** `choose` gives what is to be uploaded, or fails in words. */
  upload: (folder: string, choose: () => Chosen[] | Promise<Chosen[]>) => void
  replace: () => void
  skip: () => void
}

export function useUploads(): Uploads {
  const { files, notices } = useWorkbench()
  const [asked, setAsked] = useState<Upload[]>([])
  const send = async (folder: string, choosing: Promise<Chosen[]>): Promise<void> => {
    const chosen = await choosing
    const { isKnown, entries } = files.tree.get()
    if (!isKnown) {
      throw new AppError('unavailable', {
        say: 'The files here are still being read, so nothing was uploaded. Try again in a moment.',
      })
    }
    const { fresh, taken } = partUploads(uploadsInto(folder, chosen), entries)
    setAsked(taken)
    await uploadAll(files.upload, fresh)
  }
  return {
    asked,
    // What was dropped is there in this turn alone.
    upload: (folder, choose) => {
      const choosing = (async () => choose())()
      notices.attempt('files', () => send(folder, choosing))
    },
    skip: () => setAsked([]),
    replace: () => {
      setAsked([])
      notices.attempt('files', () => uploadAll(files.upload, asked))
    },
  }
}
