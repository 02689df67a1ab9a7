/** The mark: the gate of a post house, and the way through it. */
export function Logo({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="9" className="fill-[#2f4fd6]" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M5.5 11.5c3.800-.2 7.600-1.600 10.500-4.500 2.900 2.900 6.700 4.300 10.500 4.500M9.500 13v12M22.500 13v12" />
        <path d="M12.500 19.500h6m-2.300-2.600 2.600 2.600-2.600 2.600" stroke="#ffb28f" strokeWidth="2.200" />
      </g>
    </svg>
  )
}
