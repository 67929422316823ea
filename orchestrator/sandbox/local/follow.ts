// Notices the end of processes that are not our children, because an earlier orchestrator started them. Ends none.
import { type ProcessIdentity, isAlive } from '../../process-identity.ts'

/** An adopted process that died is noticed within this. */
const lookMs = 500

export type Following = {
  /** Calls `ended` once when the process is gone; following it twice is following it once. */
  follow(identity: ProcessIdentity, ended: () => void): void
  close(): void
}

export function following(): Following {
  const timers = new Map<number, NodeJS.Timeout>()
  return {
    follow(identity, ended) {
      if (timers.has(identity.pid)) return
      const look = async () => {
        if ((await isAlive(identity)) || !timers.has(identity.pid)) return
        clearInterval(timers.get(identity.pid))
        timers.delete(identity.pid)
        ended()
      }
      timers.set(identity.pid, setInterval(() => void look(), lookMs).unref())
    },
    close() {
      for (const timer of timers.values()) clearInterval(timer)
      timers.clear()
    },
  }
}
