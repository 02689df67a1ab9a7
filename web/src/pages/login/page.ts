import { LogIn } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/login',
  title: 'login.title',
  order: 8,
  icon: LogIn,
  bare: true,
  load: () => import('./Login'),
} satisfies Page
