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
  const fields = [
    { ref: files, 'aria-label': 'Files to upload' },
    { ref: folder, 'aria-label': 'Folder to upload', webkitdirectory: '' },
  ]
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
      {fields.map(({ ref, ...field }) => (
        <input
          key={field['aria-label']}
          ref={ref}
          type="file"
          multiple
          hidden
          onChange={(event) => take(event.target)}
          {...field}
        />
      ))}
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
