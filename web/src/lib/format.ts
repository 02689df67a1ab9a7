import { useTranslation } from 'react-i18next'

/** Formatters for numbers and times in the language shown. */
export function useFormat() {
  const { i18n } = useTranslation()
  return formatters(i18n.language)
}

const cache = new Map<string, ReturnType<typeof make>>()

export function formatters(language: string) {
  let found = cache.get(language)
  if (!found) {
    found = make(language)
    cache.set(language, found)
  }
  return found
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

function make(language: string) {
  const whole = new Intl.NumberFormat(language)
  const tenth = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' })
  const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 })
  const hour = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const monthDay = new Intl.DateTimeFormat(language, { month: 'numeric', day: 'numeric' })
  const minute = new Intl.DateTimeFormat(language, {
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 2 })
  const bytes = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  return {
    number: (n: number) => whole.format(n),
    decimal: (n: number) => tenth.format(n),
    /** Short: 38.2K, 1.4M; in Chinese by ten thousands. */
    compact: (n: number) => (Math.abs(n) < 1000 ? tenth.format(n) : compact.format(n)),
    percent: (n: number) => percent.format(n),
    /** A time on an axis: of the day, or the day itself. */
    axis: (seconds: number, short: boolean) => (short ? hour : monthDay).format(new Date(seconds * 1000)),
    /** A moment in seconds since 1970, to the minute. */
    minute: (seconds: number) => minute.format(new Date(seconds * 1000)),
    /** An amount; small ones to as many digits as it takes to see them. */
    money: (n: number, currency: string) =>
      new Intl.NumberFormat(language, {
        style: 'currency',
        currency: /^[A-Z]{3}$/.test(currency) ? currency : 'USD',
        currencyDisplay: 'narrowSymbol',
        ...(Math.abs(n) >= 1 || n === 0 ? { maximumFractionDigits: 2 } : { minimumFractionDigits: 2, maximumSignificantDigits: 3 }),
      }).format(n),
    bytes: (n: number) => {
      const unit = n >= 2 ** 30 ? 3 : n >= 2 ** 20 ? 2 : n >= 1024 ? 1 : 0
      return `${bytes.format(n / 1024 ** unit)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`
    },
    date: (t: string) => day.format(new Date(t)),
    /** The time of day. */
    clock: (t: string) => clock.format(new Date(t)),
    time: (t: string) => moment.format(new Date(t)),
    /** A length of time given in milliseconds. */
    ms: (n: number) => (n < 1000 ? `${n < 10 ? tenth.format(n) : whole.format(Math.round(n))} ms` : `${tenth.format(n / 1000)} s`),
    /** How long ago, or how long until. */
    ago: (t: string, now = Date.now()) => {
      const seconds = Math.round((new Date(t).getTime() - now) / 1000)
      for (const [unit, size] of steps) {
        if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
      }
      return relative.format(0, 'second')
    },
  }
}

/** A length of time in seconds as 3d 4h, 4h 12m, 12m 3s. */
export function span(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [Math.floor(seconds) % 60, 's'],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  if (first < 0) return '0s'
  return parts
    .slice(first, first + 2)
    .map(([n, unit]) => `${n}${unit}`)
    .join(' ')
}
