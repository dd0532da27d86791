import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { ByteCursor, WIRE } from './byte-cursor.js'

/** Told of the messages that have fields asked for, and of those fields. */
export interface MessageVisitor {
  /** `field` of the message around it; empty for the outermost. */
  enter(message: string, field: string): void
  /** A text, a number, an enum or a bool; 1 for a message that is there, before it is entered. */
  value(field: string, value: string | number): void
  leave(): void
}

interface Step {
  readonly field: string
  readonly isWanted: boolean
  readonly kind: 'text' | 'number' | 'message' | 'map'
  /** Of messages, and of a map's values. */
  readonly message: DescMessage | undefined
}

/** What is done with the fields of a message, by number; one that is not here is passed over. */
interface Steps {
  readonly isTold: boolean
  readonly byNumber: ReadonlyMap<number, Step>
}

const ANY = 'google.protobuf.Any'
const ANY_FIELD = { typeUrl: 1, value: 2 } as const
const MAP_VALUE = 2

/**
 * Reads encoded messages without making any: each is followed as deep as its definition goes, also into an Any whose
 * content is defined, so that what is not well-formed is noticed; only the fields asked for are read.
 */
export class MessageWalk {
  readonly #definitionOf: (typeName: string) => DescMessage | undefined
  readonly #wanted: ReadonlySet<string>
  readonly #steps = new Map<DescMessage, Steps>()

  /** `wanted`: fields as `message.field`, by their names in the definitions. */
  constructor(definitionOf: (typeName: string) => DescMessage | undefined, wanted: ReadonlySet<string>) {
    this.#definitionOf = definitionOf
    this.#wanted = wanted
  }

  /** Throws RangeError for what is no such message. */
  read(message: DescMessage, bytes: Uint8Array, visitor: MessageVisitor): void {
    this.#message(message, '', new ByteCursor(bytes), bytes.length, visitor)
  }

  #message(message: DescMessage, field: string, cursor: ByteCursor, end: number, visitor: MessageVisitor): void {
    if (message.typeName === ANY) {
      this.#any(field, cursor, end, visitor)
      return
    }
    const { isTold, byNumber } = this.#stepsOf(message)
    if (isTold) visitor.enter(message.typeName, field)
    while (cursor.at < end) {
      const tag = cursor.varint()
      const step = byNumber.get(tag >>> 3)
      if (step === undefined) cursor.skip(tag, end)
      else if ((tag & 7) === WIRE.delimited) {
        const innerEnd = cursor.end(end)
        if (step.message === undefined) this.#text(step, cursor, innerEnd, visitor)
        else if (step.kind === 'map') this.#mapEntry(step.message, step.field, cursor, innerEnd, visitor)
        else {
          if (step.isWanted) visitor.value(step.field, 1)
          this.#message(step.message, step.field, cursor, innerEnd, visitor)
        }
      } else if (step.kind === 'number' && (tag & 7) === WIRE.varint) visitor.value(step.field, cursor.varint())
      else cursor.skip(tag, end)
    }
    if (cursor.at !== end) throw new RangeError(`a ${message.typeName} goes on beyond its end`)
    if (isTold) visitor.leave()
  }

  #text({ kind, field }: Step, cursor: ByteCursor, end: number, visitor: MessageVisitor): void {
    if (kind === 'text') visitor.value(field, cursor.text(end))
    else cursor.at = end
  }

  #mapEntry(message: DescMessage, field: string, cursor: ByteCursor, end: number, visitor: MessageVisitor): void {
    while (cursor.at < end) {
      const tag = cursor.varint()
      if (tag >>> 3 === MAP_VALUE && (tag & 7) === WIRE.delimited) {
        this.#message(message, field, cursor, cursor.end(end), visitor)
      } else cursor.skip(tag, end)
    }
    if (cursor.at !== end) throw new RangeError(`an entry of ${field} goes on beyond its end`)
  }

  /** As if the content stood there itself. */
  #any(field: string, cursor: ByteCursor, end: number, visitor: MessageVisitor): void {
    let typeUrl = ''
    let content: { readonly from: number; readonly to: number } | undefined
    while (cursor.at < end) {
      const tag = cursor.varint()
      const number = (tag & 7) === WIRE.delimited ? tag >>> 3 : 0
      if (number === ANY_FIELD.typeUrl) typeUrl = cursor.text(cursor.end(end))
      else if (number === ANY_FIELD.value) {
        const to = cursor.end(end)
        content = { from: cursor.at, to }
        cursor.at = to
      } else cursor.skip(tag, end)
    }
    const message = this.#definitionOf(typeUrl.slice(typeUrl.lastIndexOf('/') + 1))
    if (!message || !content) return
    cursor.at = content.from
    this.#message(message, field, cursor, content.to, visitor)
    cursor.at = end
  }

  #stepsOf(message: DescMessage): Steps {
    let steps = this.#steps.get(message)
    if (!steps) {
      const byNumber = new Map(message.fields.flatMap((field) => this.#stepFor(message, field)))
      steps = { byNumber, isTold: [...byNumber.values()].some(({ isWanted }) => isWanted) }
      this.#steps.set(message, steps)
    }
    return steps
  }

  #stepFor(around: DescMessage, desc: DescField): readonly [number, Step][] {
    const { name: field, number } = desc
    const isWanted = this.#wanted.has(`${around.typeName}.${field}`)
    const kind = kindOf(desc)
    if (kind === 'message' || kind === 'map') return [[number, { field, isWanted, kind, message: desc.message }]]
    return isWanted && kind ? [[number, { field, isWanted, kind, message: undefined }]] : []
  }
}

function kindOf(field: DescField): Step['kind'] | undefined {
  switch (field.fieldKind) {
    case 'message':
      return 'message'
    case 'list':
      return field.listKind === 'message' ? 'message' : undefined
    case 'map':
      return field.mapKind === 'message' ? 'map' : undefined
    case 'enum':
      return 'number'
    case 'scalar':
      return field.scalar === ScalarType.STRING ? 'text' : 'number'
  }
}
