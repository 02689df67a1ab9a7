// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { strength } from '../setup/AccountStep'
import { safeNext } from './Login'

it.each([
  ['/routes?x=1', '/routes?x=1'],
  [undefined, '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
])('after login, %s leads to %s', (next, want) => {
  expect(safeNext(next)).toBe(want)
})

it('rates passwords', () => {
  expect(['short', 'aaaaaaaaaaaa', 'abcdefghij', 'correct horse battery', 'Tr0ub4dor&3xyz'].map(strength)).toEqual([0, 1, 1, 3, 3])
})
