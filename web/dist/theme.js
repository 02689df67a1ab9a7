// Runs before anything is drawn, so that a page never flashes in the wrong
// theme or language. Kept apart from the bundle because the content policy
// forbids inline scripts.
;(() => {
  const stored = (name) => {
    try {
      return localStorage.getItem(name)
    } catch {
      return null
    }
  }
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const choice = stored('posthouse.theme')
  const theme = choice === 'light' || choice === 'dark' ? choice : dark.matches ? 'dark' : 'light'
  document.documentElement.dataset.theme = theme
  const language = stored('posthouse.language') || (/^zh/i.test(navigator.language) ? 'zh-CN' : 'en')
  document.documentElement.lang = language
})()
