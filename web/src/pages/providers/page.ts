import { Boxes } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/providers',
  title: 'providers.title',
  order: 1,
  icon: Boxes,
  group: 'configure',
  jump: 'p',
  load: () => import('./Providers'),
} satisfies Page
