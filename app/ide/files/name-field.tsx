// The field in the tree in which a new or changed name is typed: Enter takes it, Escape and leaving give up.
import { useEffect, useRef, useState } from 'react'

interface NameFieldProps {
  label: string
  value: string
  onDone: (name: string) => void
  onGiveUp: () => void
}

export function NameField({ label, value, onDone, onGiveUp }: NameFieldProps) {
  const [name, setName] = useState(value)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field.current?.focus()
    const dot = value.lastIndexOf('.')
    field.current?.setSelectionRange(0, dot > 0 ? dot : value.length)
  }, [value])
  return (
    <input
      ref={field}
      aria-label={label}
      value={name}
      spellCheck={false}
      autoComplete="off"
      className="h-5 min-w-0 flex-1 rounded-sm border border-accent bg-ground px-1 text-ui text-ink outline-none pointer-coarse:h-8"
      onChange={(event) => setName(event.target.value)}
      onBlur={onGiveUp}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') onDone(name)
        if (event.key === 'Escape') onGiveUp()
      }}
    />
  )
}
