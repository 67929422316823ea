// The upload button: single files or a whole folder, chosen in the browser's own dialog. It sends nothing.
import { FileUp, FolderUp, Upload } from 'lucide-react'
import { useRef } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { chosenIn, type Chosen } from './chosen.ts'

export function UploadButton({ onChoose }: { onChoose: (choose: () => Chosen[]) => void }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const take = (field: HTMLInputElement): void => {
    const list = field.files
    const chosen = attemptLater(() => chosenIn(list))
    field.value = ''
    onChoose(chosen)
  }
  return (
    <>
      <Menu trigger={<IconButton label="Upload" icon={<Upload size={15} aria-hidden />} />}>
        <MenuItem icon={<FileUp size={14} aria-hidden />} onSelect={() => files.current?.click()}>
          Upload files
        </MenuItem>
        <MenuItem icon={<FolderUp size={14} aria-hidden />} onSelect={() => folder.current?.click()}>
          Upload a folder
        </MenuItem>
      </Menu>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => take(event.target)}
      />
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        aria-label="Folder to upload"
        onChange={(event) => take(event.target)}
        {...{ webkitdirectory: '' }}
      />
    </>
  )
}

/** The list of a field goes when the field is emptied: it is read now, and a refusal of it is told when it is asked for. */
function attemptLater(read: () => Chosen[]): () => Chosen[] {
  try {
    const chosen = read()
    return () => chosen
  } catch (refused) {
    return () => {
      throw refused
    }
  }
}
