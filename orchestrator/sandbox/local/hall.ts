// The way from us to a view: as root through a hall, where what the view needs is mounted, and then as somebody else. Starts nothing.
import { existsSync } from 'node:fs'
import { sep } from 'node:path'
import type { Command, View } from './view.ts'

/** A path of ours as the program that builds the view finds it, and the whole command around that program. */
export type Hall = { via(path: string): string; command(argv: string[]): Command }

/**
 * Root alone can reach our folders, and root must never build a view: so root mounts what is needed where everybody can look,
 * in a mount namespace that nobody else sees, joins the limits, and becomes the REPL's own number.
 */
const enter = `
hall=$1 groups=$2; shift 2
mount -t tmpfs -o mode=755,size=1m devex "$hall" || exit 77
i=0 folders=
for from; do
  [ "$from" = -- ] && break
  if [ -d "$from" ]; then folders="$folders $hall/$i"; else : > "$hall/$i"; fi
  i=$((i+1))
done
mkdir $folders || exit 77
i=0
while [ "$1" != -- ]; do
  mount --bind "$1" "$hall/$i" || exit 77
  i=$((i+1)); shift
done
shift
for group in $groups; do echo $$ > "$group" || exit 76; done
exec "$@"
`

/** Folders of every system that hold nothing a view needs; the first that none of our paths lies in is mounted over. */
const places = ['/mnt', '/media', '/srv']

export function hallOf(view: View): Hall {
  // The network in front ends with its child, and takes it along; elsewhere somebody must stay who does.
  const isStaying = view.network === 'private'
  const kept = isStaying ? [] : ['--fork', '--kill-child']
  if (view.owner === null)
    return {
      via: (path) => path,
      command: (argv) => commandOf(isStaying ? argv : ['unshare', ...kept, '--', ...argv]),
    }
  const entries: string[] = []
  return {
    via: (path) => numbered(entries, path),
    command: (argv) => throughHall(view, { entries, kept, argv }),
  }
}

/** Placeholders until all entries are known: which folder the hall is depends on them. */
const hallWord = '\0hall'

function numbered(entries: string[], path: string): string {
  const known = entries.indexOf(path)
  return `${hallWord}/${known >= 0 ? known : entries.push(path) - 1}`
}

function throughHall(view: View, of: { entries: string[]; kept: string[]; argv: string[] }): Command {
  const hall = placeFor(of.entries)
  const uid = String(view.owner)
  return commandOf(
    [
      ['unshare', ...of.kept, '--mount', '--propagation', 'private', '--'],
      ['sh', '-c', enter, 'hall', hall, view.groups.join(' '), ...of.entries, '--'],
      ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups', '--inh-caps=-all', '--'],
      of.argv.map((word) => word.replaceAll(hallWord, hall)),
    ].flat(),
  )
}

function placeFor(entries: string[]): string {
  const isFree = (place: string) => !entries.some((path) => path === place || path.startsWith(place + sep))
  const found = places.find((place) => existsSync(place) && isFree(place))
  if (found === undefined) throw new Error(`none of ${places.join(', ')} can be mounted over`)
  return found
}

function commandOf(argv: string[]): Command {
  const [file = '', ...args] = argv
  return { file, args }
}
