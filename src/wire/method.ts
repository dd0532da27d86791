/**
 * One RPC as data: its path and how its messages become bytes. What a side sends and what the other gets differ in type,
 * because a publisher sends what is encoded already.
 */
export interface Method<ClientOut, ServerIn, ServerOut, ClientIn> {
  readonly kind: 'bidi' | 'unary'
  readonly path: string
  encodeRequest(message: ClientOut): Uint8Array
  /** This and `decodeResponse` throw AppError `undecodable`. */
  decodeRequest(bytes: Uint8Array): ServerIn
  encodeResponse(message: ServerOut): Uint8Array
  decodeResponse(bytes: Uint8Array): ClientIn
}

/** The path that gRPC calls a method of a protobuf service by. */
export function methodPath(method: { readonly name: string; readonly parent: { readonly typeName: string } }): string {
  return `/${method.parent.typeName}/${method.name}`
}
