// The small picture before a file's name, by what its name says; quiet, so that people's colours stay the bright things.
import {
  Braces,
  File,
  FileCode2,
  FileSymlink,
  FileTerminal,
  FileText,
  Folder,
  FolderOpen,
  Image,
  type LucideIcon,
} from 'lucide-react'
import { createElement } from 'react'
import type { TreeEntry } from '../../../protocol/tree.ts'

const byEnding: [LucideIcon, string[]][] = [
  [
    FileCode2,
    [
      'py',
      'js',
      'mjs',
      'cjs',
      'jsx',
      'ts',
      'tsx',
      'html',
      'css',
      'scss',
      'go',
      'rs',
      'rb',
      'java',
      'c',
      'h',
      'cpp',
      'sql',
    ],
  ],
  [Braces, ['json', 'yaml', 'yml', 'toml', 'ini', 'xml', 'lock']],
  [FileText, ['md', 'txt', 'rst', 'csv', 'log']],
  [FileTerminal, ['sh', 'bash', 'zsh', 'fish']],
  [Image, ['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'ico']],
]

function pictureOf(name: string): LucideIcon {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return byEnding.find(([, endings]) => endings.includes(ending))?.[0] ?? File
}

export function FileIcon({
  name,
  kind = 'file',
  isOpen = false,
}: {
  name: string
  kind?: TreeEntry['kind']
  isOpen?: boolean
}) {
  const isFolder = kind === 'folder'
  const folder = isOpen ? FolderOpen : Folder
  const picture = isFolder ? folder : kind === 'link' ? FileSymlink : pictureOf(name)
  return createElement(picture, {
    size: 14,
    strokeWidth: 1.75,
    className: isFolder ? 'shrink-0 text-accent' : 'shrink-0 text-muted',
    'aria-hidden': true,
  })
}
