// Bytes to text and back: every valid file comes back byte for byte.
import { expect, test } from 'vitest'
import { decode, encode, type TextForm } from '../../../runner/workspace/codec.ts'

function textOf(bytes: Uint8Array): { text: string; form: TextForm } {
  const decoded = decode(bytes)
  if (decoded.kind === 'binary') throw new Error('taken for binary')
  return { text: decoded.text, form: decoded.form }
}

/** What a file becomes when somebody replaces `from` by `to` in its document. */
function typed(file: string, from: string, to: string): string {
  const bytes = Buffer.from(file)
  const { text, form } = textOf(bytes)
  return Buffer.from(encode(text.replace(from, to), form, bytes)).toString()
}

test('W-2 the text of a document is LF only, and its form says how the file was written', () => {
  expect(textOf(Buffer.from('a\r\nb\r\n'))).toEqual({
    text: 'a\nb\n',
    form: { bom: false, encoding: 'utf8', eol: 'crlf' },
  })
  expect(textOf(Buffer.from('\ufeffa\nb'))).toEqual({
    text: 'a\nb',
    form: { bom: true, encoding: 'utf8', eol: 'lf' },
  })
  expect(textOf(Buffer.from('a\rb\nc\r\n'))).toMatchObject({ text: 'a\nb\nc\n', form: { eol: 'mixed' } })
  expect(textOf(Buffer.from('\ufeffä😀\r\n', 'utf16le'))).toEqual({
    text: 'ä😀\n',
    form: { bom: true, encoding: 'utf16le', eol: 'crlf' },
  })
  expect(textOf(Buffer.alloc(0))).toEqual({ text: '', form: { bom: false, encoding: 'utf8', eol: 'lf' } })
})

test('W-2 a line that does not change keeps its own end, a new one takes its neighbour’s', () => {
  expect(typed('a\r\nb\r\n', 'b', 'x\ny')).toBe('a\r\nx\r\ny\r\n')
  expect(typed('one\r\ntwo\nthree\r\nfour\n', 'three', 'drei')).toBe('one\r\ntwo\ndrei\r\nfour\n')
  expect(typed('one\r\ntwo\nthree\r\n', 'one', 'one\nand a half')).toBe('one\r\nand a half\r\ntwo\nthree\r\n')
  expect(typed('one\r\ntwo\nthree\r\n', 'two\n', '')).toBe('one\r\nthree\r\n')
  expect(typed('old\rmac\rnew\n', 'mac', 'book')).toBe('old\rbook\rnew\n')
})

test('W-2 an end that would melt with its neighbour is written so that no line is lost', () => {
  expect(textOf(Buffer.from(typed('a\rx\nb', 'x', ''))).text).toBe('a\n\nb')
})

test('W-2 without the bytes on disk a mixed file still has the ends it came with', () => {
  const bytes = Buffer.from('a\r\nb\nc\r\nd')
  const { text, form } = textOf(bytes)

  expect(Buffer.from(encode(text, JSON.parse(JSON.stringify(form)))).equals(bytes)).toBe(true)
  expect(Buffer.from(encode(`${text}\ne`, form)).toString()).toBe('a\r\nb\nc\r\nd\r\ne')
})

test('W-2 half a surrogate pair never makes a file unreadable', () => {
  for (const encoding of ['utf8', 'utf16le', 'utf16be'] as const) {
    const bytes = encode('a\ud83db', { bom: encoding !== 'utf8', encoding, eol: 'lf' })
    expect(textOf(bytes).text).toBe('a\ufffdb')
  }
})

test('W-3 what is not surely text is binary', () => {
  const binaries = [
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]),
    Buffer.from('text\0with nul'),
    Buffer.from([0x61, 0xff, 0x62]),
    Buffer.from([0xc0, 0x80]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0xff, 0xfe, 0x61]),
    Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
    Buffer.from([0xff, 0xfe, 0x00, 0x00, 0x61, 0x00, 0x00, 0x00]),
    Buffer.from('naïve', 'latin1'),
  ]
  for (const bytes of binaries) expect(decode(bytes), bytes.toString('hex')).toEqual({ kind: 'binary' })
})
