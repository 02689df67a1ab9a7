import { Waypoints } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/routes',
  title: 'routes.title',
  order: 2,
  icon: Waypoints,
  group: 'configure',
  jump: 'r',
  load: () => import('./Routes'),
} satisfies Page
