import { Tags } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/prices',
  title: 'prices.title',
  order: 5,
  icon: Tags,
  group: 'configure',
  jump: 'm',
  load: () => import('./Prices'),
} satisfies Page
