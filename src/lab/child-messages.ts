/** What supervisor and child tell each other over the channel of `child_process.fork`. The channel's end is an order to end. */
export type ToChild =
  | {
      readonly kind: 'start'
      /** Shown by `ps`. */
      readonly title: string
      /** One process may run several of a kind. */
      readonly members: readonly Settings[]
    }
  /** Positions of members among those that run: they end, the others go on. */
  | { readonly kind: 'end'; readonly members: readonly number[] }

export type FromChild =
  /** All members serve. */
  | { readonly kind: 'ready' }
  /** The members that were to end have ended. */
  | { readonly kind: 'ended' }
  /** Could not start, and is about to end. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** Values of a process's settings table, by key. Travels over the channel, so that no secret lies in a file. */
export type Settings = Readonly<Record<string, string | number | boolean>>
