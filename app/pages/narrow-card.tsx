// One card in the middle of a page: a title, some sentences, one thing to do.
import type { ReactNode } from 'react'

interface NarrowCardProps {
  title: string
  children: ReactNode
}

export function NarrowCard({ title, children }: NarrowCardProps) {
  return (
    <section
      aria-labelledby="card-title"
      className="mx-auto mt-4 max-w-105 rounded-xl border border-line bg-surface p-5 sm:mt-16 sm:p-6"
    >
      <h1 id="card-title" className="text-title font-semibold text-balance wrap-anywhere">
        {title}
      </h1>
      {children}
    </section>
  )
}
