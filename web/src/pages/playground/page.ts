import { MessagesSquare } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/playground',
  title: 'playground.title',
  order: 3,
  icon: MessagesSquare,
  group: 'observe',
  jump: 'l',
  load: () => import('./Playground'),
} satisfies Page
