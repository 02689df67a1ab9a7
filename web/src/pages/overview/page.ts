import { Activity } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/',
  title: 'overview.title',
  order: 1,
  icon: Activity,
  group: 'observe',
  jump: 'o',
  ranged: true,
  load: () => import('./Overview'),
} satisfies Page
