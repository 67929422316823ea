// `login`: prints another one-time owner link of a DevEx that runs on this data folder.
import type { Settings } from './args.ts'
import { readRunning } from './leftovers.ts'
import { newLink } from './owner-link.ts'
import { placesOf } from './places.ts'
import { readSecrets } from './secrets.ts'
import { Refusal } from './words.ts'

export async function login(settings: Settings, say: (line: string) => void): Promise<void> {
  const places = placesOf(settings.data)
  const running = await readRunning(places.running)
  const secrets = await readSecrets(places.keys)
  if (running === null || secrets === null) throw notRunning(settings.data)
  const api = `http://127.0.0.1:${running.ports.orchestrator}`
  const link = await newLink({ api, secret: secrets.service, publicUrl: running.publicUrl }).catch(() => null)
  if (link === null) throw notRunning(settings.data)
  say(`Open this link once to sign in as the owner:\n\n  ${link}\n`)
}

function notRunning(data: string): Refusal {
  return new Refusal(
    `No DevEx runs on the data folder ${data}. Start it with npm start, or name its folder with --data DIR.`,
  )
}
