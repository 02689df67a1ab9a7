import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// The build is committed and embedded in the binary. File names are stable, so
// that the history stays small; the server puts a hash of the whole build in
// front of them. Addresses are relative, because only the server knows it.
export default defineConfig({
  base: './',
  plugins: [react(), tailwind()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // a data: font or script would be refused by the content policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        entryFileNames: 'app.js',
        chunkFileNames: (chunk: { name: string; facadeModuleId?: string | null }) => {
          const page = /\/pages\/([^/]+)\/(?!YamlView)/.exec(chunk.facadeModuleId ?? '')
          return page ? `page-${page[1]}.js` : `${chunk.name}.js`
        },
        // A few parts with names of their own, so that a change here does not
        // reshuffle (and rename) the rest of the committed build.
        codeSplitting: {
          groups: [
            {
              name: 'vendor',
              test: /node_modules\/(?!@base-ui\/(?!react\/(csp-provider|internals\/csp-context))|@floating-ui|reselect|tabbable|uplot|@codemirror|@lezer|yaml|style-mod|w3c-keyname|crelt|@marijn|@tanstack\/(react-virtual|virtual-core))/,
              priority: 6,
            },
            // What draws time series, what edits documents, and menus, dialogs
            // and forms are no part of a first look at the page.
            { name: 'uplot', test: /node_modules\/uplot/, priority: 5 },
            { name: 'editor', test: /node_modules\/(@codemirror|@lezer|yaml|style-mod|w3c-keyname|crelt|@marijn)/, priority: 5 },
            { name: 'virtual', test: /node_modules\/@tanstack\/(react-virtual|virtual-core)/, priority: 5 },
            { name: 'base', test: /node_modules\//, priority: 4 },
            {
              name: 'kit',
              test: /src\/(lib\/|api\/|i18n\.|page\.|shell\/(Shell|Sidebar|Topbar|Logo|endpoint|theme|useJumps|Lost|TimeControls)\.|ui\/(Badge|Button|Card|Copy|cx|Feedback|LazyMenu|PageHead|Segmented|toast|ToastHost|VendorMark)\.)/,
              priority: 2,
            },
            // What pages share and needs none of those.
            {
              name: 'parts',
              test: /src\/(ui\/(chart\/|Field|Plain)|parts\/(failure|outcome|keyState|models|Chain|snippets|Snippets|AnswerFigures|cost|strip|useChat)\.)/,
              priority: 2,
            },
            { name: 'forms', test: /src\/(parts|ui|shell)\//, priority: 1 },
          ],
        },
        assetFileNames: 'app-[name][extname]',
      },
    },
  },
  server: {
    proxy: { '/api': { target: process.env.POSTHOUSE_CONSOLE ?? 'http://localhost:8001', changeOrigin: false } },
  },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'], globals: false },
})
