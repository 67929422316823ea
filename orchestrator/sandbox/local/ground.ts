// What every view of this machine is built from: the system's folders, our programs, and small files of our own. Starts nothing.
import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { boxNetwork, egressRules, ownAddresses } from './egress.ts'
import { type Architecture, seccompFilter } from './seccomp.ts'
import { inside, type Mount } from './view.ts'

export type Ground = {
  /** Folder of the files in `partsOf`; readable by everybody. */
  parts: string
  system: Mount[]
  links: Array<{ path: string; to: string }>
  /** Folders of the system that are empty in a view. */
  hidden: string[]
  /** Where a view's own resolv.conf is laid: the system's may be a link into /run. */
  resolvConf: string
  programs: Mount[]
  /** As a view finds them. */
  node: string
  path: string
  programFolder: string
}

const ours = '/opt/devex'
const ourNode = '/opt/node'
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const read = (from: string, to = from): Mount => ({ from, to, isWritable: false })

export function groundOf(of: { parts: string; programs: string; execPath: string }): Ground {
  const node = nodeOf(realpathSync(of.execPath))
  return {
    parts: of.parts,
    ...systemFolders(),
    resolvConf: resolvConf(),
    programs: [...programsOf(of.programs), ...node.mounts],
    node: node.path,
    path: `${inside.home}/.local/bin:${node.folder}${usualPath}`,
    programFolder: `${ours}/programs`,
  }
}

/** /usr and what leads into it, as this system has it; /etc for readable settings. Never /root, /home, /var, /opt, /srv. */
function systemFolders(): Pick<Ground, 'system' | 'links' | 'hidden'> {
  const system = ['/usr', '/etc', '/nix/store'].filter((path) => existsSync(path)).map((path) => read(path))
  const links: Ground['links'] = []
  for (const path of ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']) {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isSymbolicLink() === true) links.push({ path, to: readlinkSync(path) })
    else if (found !== undefined) system.push(read(path))
  }
  return { system, links, hidden: ['/etc/ssh', '/etc/ssl/private'].filter((path) => existsSync(path)) }
}

function resolvConf(): string {
  const path = '/etc/resolv.conf'
  const link =
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null
  return link === null ? path : resolve('/etc', link)
}

/** Our programs and the packages that they import, as they lie beside each other in a checkout or an installation. */
function programsOf(folder: string): Mount[] {
  const mounts = [read(folder, `${ours}/programs`)]
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
    if (!existsSync(join(at, 'node_modules'))) continue
    mounts.push(read(realpathSync(join(at, 'node_modules')), `${ours}/node_modules`))
    if (existsSync(join(at, 'package.json')))
      mounts.push(read(join(at, 'package.json'), `${ours}/package.json`))
    break
  }
  return mounts
}

/** A node outside /usr comes along; with npm where it is an installation of its own, and never with a person's whole folder. */
function nodeOf(real: string): { mounts: Mount[]; path: string; folder: string } {
  if (real.startsWith('/usr/') || real.startsWith('/nix/store/'))
    return { mounts: [], path: real, folder: real.startsWith('/usr/') ? '' : `${dirname(real)}:` }
  const prefix = dirname(dirname(real))
  const isWhole = real === join(prefix, 'bin', 'node') && existsSync(join(prefix, 'lib/node_modules/npm'))
  const mount = isWhole ? read(prefix, ourNode) : read(real, `${ourNode}/bin/node`)
  return { mounts: [mount], path: `${ourNode}/bin/node`, folder: `${ourNode}/bin:` }
}

/** Written anew where they changed: an address of this machine may have come or gone. */
export async function writeParts({ parts: folder, path }: Ground, arch: Architecture): Promise<void> {
  await mkdir(folder, { recursive: true })
  // Everybody may read them; a mask of the operator's must not forbid that.
  await chmod(folder, 0o755)
  for (const [file, content] of Object.entries(partsOf(path, arch))) await put(join(folder, file), content)
}

function partsOf(path: string, arch: Architecture): Record<string, string | Uint8Array> {
  const { uid, name, home } = inside
  const nologin = '/usr/sbin/nologin'
  return {
    passwd: `root:x:0:0:root:/:${nologin}\n${name}:x:${uid}:${uid}::${home}:/bin/bash\nnobody:x:65534:65534::/:${nologin}\n`,
    group: `root:x:0:\n${name}:x:${uid}:\nnogroup:x:65534:\n`,
    hosts: '127.0.0.1 localhost repl\n::1 localhost ip6-localhost ip6-loopback\n',
    profile: profile(path),
    'resolv.conf': `nameserver ${boxNetwork.dns}\n`,
    'rules.nft': egressRules(ownAddresses()),
    'seccomp.bpf': seccompFilter(arch),
  }
}

/** In place of the system's, which would set a PATH that does not know ours. */
function profile(path: string): string {
  return `export PATH="${path}"
if [ -n "$BASH" ] && [ -n "$PS1" ] && [ -r /etc/bash.bashrc ]; then . /etc/bash.bashrc; fi
for part in /etc/profile.d/*.sh; do [ -r "$part" ] && . "$part"; done
unset part
`
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  const now = await readFile(path).catch(() => null)
  if (now?.equals(Buffer.from(content)) === true) return
  const fresh = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(fresh, content)
  await chmod(fresh, 0o644)
  await rename(fresh, path)
}
