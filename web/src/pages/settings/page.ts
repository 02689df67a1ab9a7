import { Settings } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/settings',
  title: 'settings.title',
  order: 1,
  icon: Settings,
  group: 'system',
  jump: 's',
  load: () => import('./Settings'),
} satisfies Page
