import { Rocket } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/setup',
  title: 'setup.title',
  order: 9,
  icon: Rocket,
  bare: true,
  load: () => import('./Setup'),
} satisfies Page
