import { expect, it } from 'vitest'
import { ApiError, faultAt, faultsBelow, isAllInFields, type Problem } from './problem'

const problem: Problem = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: 'the request is not valid',
  code: 'invalid',
  errors: [
    { location: 'body.name', message: 'is taken' },
    { location: 'body.targets[0].provider', message: 'is unknown' },
  ],
}
const error = new ApiError(400, problem, 'req_1')

it('puts faults at their fields', () => {
  expect(faultAt(error, 'name')).toBe('is taken')
  expect(faultAt(error, 'targets')).toBeUndefined()
  expect(faultsBelow(error, 'targets')).toBe('targets[0].provider: is unknown')
  expect(faultAt(new Error('other'), 'name')).toBeUndefined()
})

it('knows when nothing is left to say beside the fields', () => {
  expect(isAllInFields(error, ['name', 'targets'])).toBe(true)
  expect(isAllInFields(error, ['name'])).toBe(false)
})
