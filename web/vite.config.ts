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
          const page = /\/pages\/([^/]+)\//.exec(chunk.facadeModuleId ?? '')
          return page ? `page-${page[1]}.js` : `${chunk.name}.js`
        },
        // A few parts with names of their own, so that a change here does not
        // reshuffle (and rename) the rest of the committed build.
        codeSplitting: {
          groups: [
            { name: 'vendor', test: /node_modules\/(?!@base-ui\/react\/(select|radio|switch|collapsible|toggle))/, priority: 3 },
            {
              name: 'kit',
              test: /src\/(lib|api|shell|ui\/(?!Select|Switch|Tags|Pairs|Segmented|Disclosure|Expiry|VendorMark))/,
              priority: 2,
            },
            // What only forms need is not loaded before there is one.
            { name: 'forms', test: /src\/(parts|ui)\/|@base-ui/, priority: 1 },
          ],
        },
        assetFileNames: 'app-[name][extname]',
      },
    },
  },
  server: {
    proxy: { '/api': { target: process.env.POSTHOUSE_CONSOLE ?? 'http://localhost:8001', changeOrigin: false } },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], globals: false },
})
