import { ClipboardList } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/audit',
  title: 'audit.title',
  order: 2,
  icon: ClipboardList,
  group: 'system',
  jump: 'a',
  load: () => import('./Audit'),
} satisfies Page
