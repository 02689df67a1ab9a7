import { KeyRound } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/keys',
  title: 'keys.title',
  order: 4,
  icon: KeyRound,
  group: 'configure',
  jump: 'k',
  load: () => import('./Keys'),
} satisfies Page
