import { ScrollText } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/logs',
  title: 'logs.title',
  order: 2,
  icon: ScrollText,
  group: 'observe',
  jump: 'q',
  ranged: true,
  load: () => import('./Logs'),
} satisfies Page
