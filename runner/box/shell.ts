// Which program a terminal runs, and with what around it: a login shell in the workspace, or a command in one, with the
// environment of the launch and nothing inherited from us but the terminal itself. Starts nothing.
import { accessSync, constants } from 'node:fs'
import type { BoxLaunch } from '../../protocol/control.ts'

export type ShellCommand = { file: string; args: string[]; env: Record<string, string>; cwd: string }

/** Marks every program of this box in its environment, so that those that left their terminal are found at the end. */
export const boxMark = 'DEVEX_BOX'

/**
 * A shell that is not interactive drops the prompt of its environment: it is handed over as the script's name.
 * The binding leaves the descriptors of our other terminals open in the child: whoever types in one could read and write
 * the others. This closes all but the terminal itself and becomes the shell.
 */
const keepPrompt = '[ -n "$0" ] && export PS1="$0"; '
const closeInherited =
  'for f in /proc/self/fd/*; do n=${f##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done; exec "$@"'
/** A plain sh names descriptors by one digit. */
const closeFew = 'exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec "$@"'

/**
 * In a box with a network of its own, which others share the machine with, a person's programs come so many steps behind ours
 * and the box itself, and cannot take that back: keys are echoed while they compute.
 */
export const behindOurs = 5
const nice = '/usr/bin/nice'

export function isBehind(launch: BoxLaunch): boolean {
  return launch.network === 'own' && canRun(nice)
}

const bash = '/bin/bash'
const sh = '/bin/sh'

export function shellCommand(launch: BoxLaunch, mark: string, command: string | undefined): ShellCommand {
  const hasBash = canRun(bash)
  const shell = hasBash ? bash : sh
  const asked = command === undefined ? ['-l'] : ['-lc', command]
  const quiet = hasBash
    ? ['--norc', '--noprofile', '-c', keepPrompt + closeInherited]
    : ['-c', keepPrompt + closeFew]
  const behind = isBehind(launch) ? [nice, '-n', String(behindOurs)] : []
  return {
    file: shell,
    args: [...quiet, launch.env['PS1'] ?? '', ...behind, shell, ...asked],
    env: environment(launch, shell, mark),
    cwd: launch.workspace,
  }
}

function environment(launch: BoxLaunch, shell: string, mark: string): Record<string, string> {
  const fallback = { TERM: 'xterm-256color', HOME: launch.home, SHELL: shell }
  return { ...fallback, ...launch.env, PWD: launch.workspace, [boxMark]: mark }
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
