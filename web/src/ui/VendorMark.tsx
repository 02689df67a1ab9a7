import { cx } from './cx'

// Pairs dark enough for white text. A vendor keeps its colour for as long as
// it keeps its id.
const colours = ['#2f4fd6', '#0b7285', '#7b2fb5', '#a63a1d', '#2b6a2f', '#8a3358', '#3d4f70', '#6b5300']

/** A vendor's letters on its colour: no pictures have to be fetched from anywhere. */
export function VendorMark({ id, name, className = 'size-9' }: { id: string; name: string; className?: string }) {
  const sum = [...id].reduce((n, c) => (n * 31 + (c.codePointAt(0) ?? 0)) >>> 0, 7)
  const letters = [...name.replace(/[^\p{L}\p{N}]/gu, '')].slice(0, 2).join('')
  return (
    <svg viewBox="0 0 36 36" aria-hidden className={cx('shrink-0', className)}>
      <rect width="36" height="36" rx="9" fill={colours[sum % colours.length]} />
      <text x="18" y="23.500" textAnchor="middle" fontSize="15" fontWeight="650" fill="#fff">
        {letters}
      </text>
    </svg>
  )
}
