// A colour token as worn now, always written #rrggbb: style sheets are minified to #fff or red, which Monaco and xterm refuse or cut.

const hexPair = (part: string): string => Number(part).toString(16).padStart(2, '0')

/** `name` is a custom property of the page, `--ground` for example. Colours here are opaque. */
export function tokenColor(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  // What is asked for is the token, not the colour that the system forces on every text.
  probe.style.forcedColorAdjust = 'none'
  document.body.append(probe)
  const [red = '0', green = '0', blue = '0'] = getComputedStyle(probe).color.match(/\d+/g) ?? []
  probe.remove()
  return `#${hexPair(red)}${hexPair(green)}${hexPair(blue)}`
}
