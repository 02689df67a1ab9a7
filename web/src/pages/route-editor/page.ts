import { Waypoints } from 'lucide-react'
import type { Page } from '@/page'

export default {
  path: '/routes/$id',
  title: 'routes.title',
  order: 3,
  icon: Waypoints,
  load: () => import('./RouteEditor'),
} satisfies Page
