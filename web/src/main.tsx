import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { client } from './api/queries'
import './app.css'
import { startLanguages } from './i18n'
import { router } from './router'
import { followSystem } from './shell/theme'
import { ToastHost } from './ui/ToastHost'

followSystem()
await startLanguages()

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
          <ToastHost />
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  )
}
