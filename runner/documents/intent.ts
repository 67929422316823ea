// What is about to be, or was found, in a document's file: written to the log before the file is, so that after any
// crash the file tells by its hash which state of the document it holds. Says nothing of how files are written.
import { z } from 'zod'
import { Sha256 } from '../../protocol/ids.ts'

/** What the file's LF text cannot say: workspace/codec.ts makes and reads it. */
export const TextForm = z.object({
  bom: z.boolean(),
  encoding: z.enum(['utf8', 'utf16le', 'utf16be']),
  eol: z.enum(['lf', 'crlf', 'mixed']),
  ends: z.string().exactOptional(),
})
export type TextForm = z.infer<typeof TextForm>

export const Intent = z.object({
  /** The file's text is that of every record of the document up to here … */
  upTo: z.number().int().min(0),
  /** … and of these later ones: a tool's changes, which came before edits that the file does not have yet. */
  also: z.array(z.number().int().min(0)),
  sha256: Sha256,
  form: TextForm,
})
export type Intent = z.infer<typeof Intent>

const utf8 = new TextEncoder()
const text = new TextDecoder()

export const encodeIntent = (intent: Intent): Uint8Array => utf8.encode(JSON.stringify(intent))
export const decodeIntent = (payload: Uint8Array): Intent => Intent.parse(JSON.parse(text.decode(payload)))
