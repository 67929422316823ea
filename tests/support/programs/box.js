// Stands in for the box where only a sandbox is tested: leaves a child, and a daemon that left group, session and parent.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const launch = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const child = spawn('sleep', ['1000'], { env: launch.env, stdio: 'ignore' })
const daemon = spawn(
  'bash',
  ['-c', "(trap '' TERM HUP; setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!)"],
  {
    env: launch.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  },
)
daemon.stdout.on('data', (bytes) => {
  const pids = { box: process.pid, child: child.pid, daemon: Number(bytes.toString()) }
  writeFileSync(join(launch.home, 'pids.json'), JSON.stringify(pids))
})
setInterval(() => {}, 60_000)
