// The templates a repl can be made from, read from their folders. Adding one is adding a folder.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../protocol/errors.ts'
import { TemplateId } from '../protocol/ids.ts'
import { Template } from '../protocol/repl.ts'
import { isFolder } from './disk.ts'

export type Templates = {
  list(): Promise<Template[]>
  /** Throws `not-found` in words. */
  find(id: string): Promise<Template>
  /** Absolute folder of its starting files. */
  files(id: string): string
}

export function templatesIn(folder: string): Templates {
  async function read(id: string): Promise<Template | null> {
    const text = await readFile(join(folder, id, 'template.json'), 'utf8').catch(() => null)
    return text === null ? null : Template.parse(JSON.parse(text))
  }
  return {
    async list() {
      const names = (await readdir(folder)).filter((name) => TemplateId.safeParse(name).success).sort()
      const found = await Promise.all(names.map(read))
      return found.filter((template) => template !== null)
    },
    async find(id) {
      const template = TemplateId.safeParse(id).success ? await read(id) : null
      if (template === null || template.id !== id || !(await isFolder(join(folder, id, 'files'))))
        throw new AppError('not-found', {
          say: 'There is no such template.',
          log: { template: id.slice(0, 50) },
        })
      return template
    },
    files: (id) => join(folder, TemplateId.parse(id), 'files'),
  }
}
