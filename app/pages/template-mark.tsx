// A template as two letters on a quiet tile, so that a new template needs no picture.

const short: Record<string, string> = { node: 'JS', python: 'Py' }

export function TemplateMark({ id, size = 32 }: { id: string; size?: number }) {
  const letters = short[id] ?? id.slice(0, 2).replace(/^./, (first) => first.toUpperCase())
  return (
    <span
      aria-hidden
      className="inline-flex shrink-0 items-center justify-center rounded-lg border border-line bg-ground font-semibold text-muted"
      style={{ width: size, height: size, fontSize: Math.round(size * 0.36) }}
    >
      {letters}
    </span>
  )
}
