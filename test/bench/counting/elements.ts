/** Methods whose work no counter of blocks sees: each is one native call, however much it walks. */
const WALKS = {
  array: [
    'concat',
    'copyWithin',
    'every',
    'fill',
    'filter',
    'find',
    'findIndex',
    'findLast',
    'findLastIndex',
    'flat',
    'flatMap',
    'forEach',
    'includes',
    'indexOf',
    'join',
    'lastIndexOf',
    'map',
    'reduce',
    'reduceRight',
    'reverse',
    'some',
    'sort',
    'splice',
    'toReversed',
    'toSorted',
    'toSpliced',
    'unshift',
    'with',
  ],
  collection: [
    'forEach',
    'difference',
    'intersection',
    'isDisjointFrom',
    'isSubsetOf',
    'isSupersetOf',
    'symmetricDifference',
    'union',
  ],
  object: ['entries', 'getOwnPropertyNames', 'keys', 'values'],
} as const

type Native = (...args: unknown[]) => unknown

let walked = 0

/** Elements that natives of this process have walked since `countElements`, at most: a search counts as if it found nothing. */
export function elementsWalked(): number {
  return walked
}

/**
 * From now on natives that walk a collection count its elements: methods of arrays, maps and sets, keys of objects, and
 * iterators, which spread, `for … of`, `Array.from` and constructors of collections take. What Node.js has for itself it took before.
 */
export function countElements(): void {
  for (const name of WALKS.array) count(Array.prototype, name, (self) => (self as unknown[]).length)
  count(Array.prototype, 'slice', (_self, taken) => (taken as unknown[]).length)
  for (const { prototype } of [Map, Set]) {
    for (const name of WALKS.collection) count(prototype, name, (self) => (self as Set<unknown>).size)
  }
  for (const name of WALKS.object) count(Object, name, (_self, found) => (found as unknown[]).length)
  for (const iterator of [[].values(), new Map().values(), new Set().values()]) {
    count(Object.getPrototypeOf(iterator), 'next', () => 1)
  }
}

/** Not every collection has every method. */
function count(owner: object, name: string, elements: (self: unknown, result: unknown) => number): void {
  const native = (owner as Record<string, Native>)[name]
  if (native === undefined) return
  const counted = function (this: unknown, ...args: unknown[]): unknown {
    const result = native.apply(this, args)
    walked += elements(this, result)
    return result
  }
  Object.defineProperty(owner, name, { value: counted, writable: true, configurable: true })
}
