import { QueryCache, QueryClient, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import { ApiError } from './problem'

/** Called when the server no longer knows who we are. */
let signedOut: () => void = () => {}
export function onSignedOut(f: () => void): void {
  signedOut = f
}

export const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) signedOut()
    },
  }),
  defaultOptions: {
    queries: {
      // The gateway may run on a machine without any network: what the browser says about that does not matter.
      networkMode: 'always',
      staleTime: 5_000,
      // What the server refuses it will refuse again; only a lost server is worth a second try.
      retry: (count, error) => error instanceof ApiError && (error.status === 0 || error.status === 503) && count < 2,
      retryDelay: 1_000,
    },
    mutations: {
      networkMode: 'always',
      onError: (error) => {
        if (error instanceof ApiError && error.status === 401) signedOut()
      },
    },
  },
})

export const queries = {
  setup: queryOptions({ queryKey: ['setup'], queryFn: () => unwrap(api.GET('/api/setup')), staleTime: 0 }),
  me: queryOptions({ queryKey: ['me'], queryFn: () => unwrap(api.GET('/api/me')), staleTime: 60_000 }),
  status: queryOptions({ queryKey: ['status'], queryFn: () => unwrap(api.GET('/api/status')), refetchInterval: 5_000 }),
  vendors: queryOptions({
    queryKey: ['vendors'],
    queryFn: async () => (await unwrap(api.GET('/api/vendors'))).vendors,
    staleTime: Number.POSITIVE_INFINITY,
  }),
  providers: queryOptions({
    queryKey: ['providers'],
    queryFn: async () => (await unwrap(api.GET('/api/providers'))).providers,
    refetchInterval: 15_000,
  }),
  routes: queryOptions({ queryKey: ['routes'], queryFn: async () => (await unwrap(api.GET('/api/routes'))).routes }),
  consumers: queryOptions({ queryKey: ['consumers'], queryFn: async () => (await unwrap(api.GET('/api/consumers'))).consumers }),
  settings: queryOptions({ queryKey: ['settings'], queryFn: () => unwrap(api.GET('/api/settings')) }),
  admins: queryOptions({ queryKey: ['admins'], queryFn: async () => (await unwrap(api.GET('/api/admins'))).admins }),
  certificate: queryOptions({ queryKey: ['certificate'], queryFn: () => unwrap(api.GET('/api/certificate')) }),
  restore: queryOptions({ queryKey: ['restore'], queryFn: () => unwrap(api.GET('/api/restore')) }),
  alerts: queryOptions({ queryKey: ['alerts', 'settings'], queryFn: () => unwrap(api.GET('/api/settings/alerts')) }),
  told: queryOptions({ queryKey: ['alerts', 'told'], queryFn: () => unwrap(api.GET('/api/alerts')), refetchInterval: 15_000 }),
  metrics: queryOptions({ queryKey: ['telemetry', 'metrics'], queryFn: () => unwrap(api.GET('/api/settings/metrics')) }),
  tracing: queryOptions({ queryKey: ['telemetry', 'tracing'], queryFn: () => unwrap(api.GET('/api/settings/tracing')) }),
  records: queryOptions({ queryKey: ['records', 'settings'], queryFn: () => unwrap(api.GET('/api/settings/records')) }),
  recordSize: queryOptions({
    queryKey: ['records', 'size'],
    queryFn: () => unwrap(api.GET('/api/settings/records/size')),
    refetchInterval: 10_000,
  }),
  prices: queryOptions({ queryKey: ['prices', 'all'], queryFn: () => unwrap(api.GET('/api/prices')) }),
  unpriced: queryOptions({ queryKey: ['prices', 'unknown'], queryFn: async () => (await unwrap(api.GET('/api/prices/unknown'))).models }),
  tokens: queryOptions({ queryKey: ['tokens'], queryFn: async () => (await unwrap(api.GET('/api/tokens'))).tokens }),
  /** Whether the log holds any request at all; asked for until it does. */
  anyRequest: queryOptions({
    queryKey: ['requests', 'any'],
    queryFn: async () => (await unwrap(api.GET('/api/requests', { params: { query: { limit: 1 } } }))).requests.length > 0,
    staleTime: 0,
    refetchInterval: (query) => (query.state.data ? false : 2_000),
  }),
}

/** Reads everything again that a change to the configuration may have touched. */
export async function refresh(...keys: string[]): Promise<void> {
  await Promise.all([...keys, 'status', 'revisions'].map((key) => client.invalidateQueries({ queryKey: [key] })))
}
