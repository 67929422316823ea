// What somebody who is not signed in sees: what this is, and the way in.

interface SignedOutProps {
  wayIn: { title: string; say: string }
}

export function SignedOut({ wayIn }: SignedOutProps) {
  return (
    <section className="mx-auto mt-8 max-w-120 sm:mt-16">
      <h1 className="text-title font-semibold">Write and run programs together</h1>
      <p className="mt-2 text-lead text-muted">
        The same text, the same terminals, the same running program, for everybody you let in.
      </p>
      <div className="mt-8 rounded-xl border border-line bg-surface p-5">
        <h2 className="text-lead font-semibold">{wayIn.title}</h2>
        <p className="mt-1 text-muted">{wayIn.say}</p>
        <p className="mt-3 text-muted">Somebody sent you an invite? Open its link: you need no account.</p>
      </div>
    </section>
  )
}
