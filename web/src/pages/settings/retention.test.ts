import { expect, it } from 'vitest'
import { bodyOf, isOutside, toDraft, unlimited } from './retention'

it('shows bounds as they are typed and sends them as they are kept', () => {
  const kept = { request_days: 90, request_bytes: 512 * 2 ** 20, content_bytes: -1 }
  const draft = toDraft(kept)
  expect(draft).toEqual({ request_days: '90', request_bytes: '0.5', content_bytes: unlimited, sum_days: '' })
  expect(bodyOf(draft)).toEqual(kept)
})

it('leaves out what is left to its default', () => {
  expect(bodyOf({ request_days: '', request_bytes: ' ', content_bytes: '0', sum_days: '' })).toEqual({})
})

it('tells a size that the server would refuse', () => {
  const draft = { request_days: '0.001', request_bytes: '0.001', content_bytes: '0.5', sum_days: '' }
  expect(isOutside(draft, 'request_bytes')).toBe(true)
  expect(isOutside({ ...draft, request_bytes: '2000000' }, 'request_bytes')).toBe(true)
  expect(isOutside({ ...draft, request_bytes: unlimited }, 'request_bytes')).toBe(false)
  expect(isOutside({ ...draft, request_bytes: '' }, 'request_bytes')).toBe(false)
  expect(isOutside(draft, 'content_bytes')).toBe(false)
  expect(isOutside(draft, 'request_days')).toBe(false)
})
