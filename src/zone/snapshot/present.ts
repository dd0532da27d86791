/** The object without its undefined members: protobuf JSON has no word for "not set" but absence. */
export function present<T extends object>(object: { readonly [K in keyof T]: T[K] | undefined }): T {
  const kept = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as T
}
