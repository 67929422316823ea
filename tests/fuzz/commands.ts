// What a shell does to a workspace at random; the caller brings the randomness.

const names = ['a', 'b', 'c', 'src', 'main.py', 'node_modules', 'ä ö']

/** One random shell command that changes the workspace it runs in, or nothing. */
export function command(random: (below: number) => number): string {
  const path = () =>
    Array.from({ length: 1 + random(3) }, () => `'${names[random(names.length)]!}'`).join('/')
  const folder = () => path()
  const made = [
    () => `mkdir -p ${folder()}`,
    () => `mkdir -p ${folder()} && echo ${random(1e6)} > ${path()}`,
    () => `echo ${'x'.repeat(random(50))} >> ${path()}`,
    () => `mv ${path()} ${path()}`,
    () => `mv ${path()} ${path()}`,
    () => `rm -rf ${path()}`,
    () => `ln -s ${names[random(names.length)]!.replace(' ', '')} ${path()}`,
    () => `cp -r ${path()} ${path()}`,
    () => `p=${path()}; cp "$p" tmp && mv tmp "$p"`,
  ]
  return `${made[random(made.length)]!()} 2>/dev/null`
}
