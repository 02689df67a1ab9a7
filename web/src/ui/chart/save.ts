/** Hands a file to the browser. */
export function save(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The download has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** A title as the name of a file. */
export function fileName(title: string, end: string): string {
  const day = new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-')
  return `${title.trim().replace(/[\s/\\:*?"<>|]+/g, '-')}-${day}.${end}`
}

/** A chart's picture with its title above. */
export function savePicture(title: string, canvas: HTMLCanvasElement, legend: readonly { label: string; colour: string }[]): void {
  const scale = window.devicePixelRatio || 1
  const style = getComputedStyle(document.documentElement)
  const head = 52 * scale
  const out = document.createElement('canvas')
  out.width = canvas.width
  out.height = canvas.height + head
  const ctx = out.getContext('2d')
  if (!ctx) return
  ctx.fillStyle = style.getPropertyValue('--c-surface')
  ctx.fillRect(0, 0, out.width, out.height)
  ctx.fillStyle = style.getPropertyValue('--c-ink')
  ctx.font = `600 ${15 * scale}px ${getComputedStyle(document.body).fontFamily}`
  ctx.fillText(title, 12 * scale, 20 * scale)
  ctx.font = `${12 * scale}px ${getComputedStyle(document.body).fontFamily}`
  let x = 12 * scale
  for (const { label, colour } of legend) {
    ctx.fillStyle = colour
    ctx.fillRect(x, 32 * scale, 10 * scale, 10 * scale)
    ctx.fillStyle = style.getPropertyValue('--c-ink2')
    ctx.fillText(label, x + 14 * scale, 41 * scale)
    x += ctx.measureText(label).width + 34 * scale
  }
  ctx.drawImage(canvas, 0, head)
  out.toBlob((blob) => blob && save(fileName(title, 'png'), blob), 'image/png')
}
