// Recognises what a terminal emulator answers by itself (to questions that programs print), as told from what a person types.
// With several pages on one terminal each would answer; only the driver's answer may reach the program.

const csi = '\\u001b\\['
const shapes = [
  `${csi}[?>=]?[\\d;]*c`, // which terminal are you
  `${csi}\\??\\d+;\\d+(;\\d+)?R`, // where is the cursor
  `${csi}\\??\\d*n`, // are you well
  `${csi}\\??[\\d;]*\\$y`, // is this mode on
  `${csi}\\d+;\\d+;\\d+t`, // how large is the window
  `${csi}\\?\\d*u`, // which keyboard
  `${csi}[IO]`, // the window got or lost the focus
  '\\u001b\\][\\d;]+;?(rgb|rgba):[^\\u0007\\u001b]*(\\u0007|\\u001b\\\\)', // which colour
  '\\u001bP[^\\u001b]*\\u001b\\\\', // settings and version
]
const onlyReplies = new RegExp(`^(${shapes.join('|')})+$`)

/** A longer message is a paste. */
const longestReply = 1024

export function isReply(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x1b || bytes.length > longestReply) return false
  return onlyReplies.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'))
}
