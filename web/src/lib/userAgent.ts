// In the order they are looked for: most browsers say they are several.
const browsers: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/curl\//, 'curl'],
]
const systems: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
]

/** A browser in two words, from what it says it is; empty if that says nothing. */
export function clientName(agent: string): string {
  const name = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1]
  return [name(browsers), name(systems)].filter(Boolean).join(' · ')
}
