// A program that swaps a folder for a link to the outside, atomically and thousands of times, while pages use every way to files.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { asAppError } from '../../../protocol/errors.ts'
import { answerFailure } from '../../../runner/doors/requests.ts'
import { searchDoor } from '../../../runner/doors/search.ts'
import { confine } from '../../../runner/workspace/confine.ts'
import { picture, secret } from '../workspace/stage.ts'
import { claimsOf, openDoors } from './doors.ts'

/** Requests of each kind: enough that some meet the folder, and some the link. */
const rounds = 100

/** renameat2(RENAME_EXCHANGE): there is no instant at which neither is there. */
const swapper = `
import ctypes, platform, time
libc = ctypes.CDLL(None)
number = 316 if platform.machine() == "x86_64" else 276
print("swapping", flush=True)
while True:
    libc.syscall(number, -100, b"flip", -100, b"other", 2)
    time.sleep(0.0003)
`

async function searchOver({ root, tree }: Awaited<ReturnType<typeof openDoors>>) {
  const door = searchDoor({ confined: confine(root), documents: { settle: async () => undefined }, tree })
  const server = createServer((request, response) => {
    const asker = { claims: claimsOf('ada', 'editor'), recheck: () => undefined }
    door(request, response, asker).catch((fault: unknown) => answerFailure(response, asAppError(fault)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('W-1 while a folder and a link to the outside change places, no download, upload, zip or search reads or writes outside', async () => {
  const doors = await openDoors()
  const { root, outside, url, tree } = doors
  mkdirSync(join(root, 'flip'))
  writeFileSync(join(root, 'flip', 'secret.txt'), 'nothing of note')
  symlinkSync(outside, join(root, 'other'))
  const before = picture(outside)
  const search = await searchOver(doors)
  const program = spawn('python3', ['-c', swapper], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void program.kill('SIGKILL'))
  await once(program.stdout, 'data')
  const seen = { inside: 0, refused: 0, bytes: '' }
  const take = async (asked: Promise<Response>): Promise<void> => {
    const answer = await asked.catch(() => null)
    const text = answer === null ? '' : await answer.text().catch(() => '')
    if (answer?.status === 200) seen.inside++
    else seen.refused++
    seen.bytes += text
  }

  for (let round = 0; round < rounds; round++) {
    await Promise.all([
      take(fetch(`${url}/flip/secret.txt`)),
      take(fetch(`${url}/flip/secret.txt`, { method: 'PUT', body: 'nothing of note' })),
      take(fetch(`${url}/flip/new/${round}.txt`, { method: 'PUT', body: 'planted' })),
    ])
    if (round % 10 > 0) continue
    // Under the link there is nothing to list; that it says so is right.
    await tree.touch(['flip', 'flip/secret.txt', 'other', 'other/secret.txt']).catch(() => undefined)
    await Promise.all([
      take(fetch(`${url}/flip?zip`)),
      take(fetch(`${url}/?zip`)),
      take(fetch(search, { method: 'POST', body: JSON.stringify({ text: 'nobody may see' }) })),
    ])
  }

  expect(seen.inside).toBeGreaterThan(0)
  expect(seen.refused).toBeGreaterThan(0)
  expect(seen.bytes).not.toContain(secret)
  expect(seen.bytes).not.toContain('nobody may see this')
  expect(picture(outside)).toEqual(before)
  expect(readdirSync(outside).sort()).toEqual(['secret.txt', 'victim'])
}, 60_000)
