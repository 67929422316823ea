// Bytes in words, in powers of a thousand as disks and downloads are sold: "475 B", "3.2 MB", "2 GB".

const kilo = 1000
const units = ['kB', 'MB', 'GB', 'TB']

export function sizeWords(bytes: number): string {
  if (bytes < kilo) return `${bytes} B`
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / kilo ** power
  return `${amount >= 10 ? Math.round(amount) : Number(amount.toFixed(1))} ${units[power - 1] ?? ''}`
}
