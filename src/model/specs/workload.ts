import { z } from 'zod'

/** A grouping of proxies: everything that it says is in its name and status. */
export const workloadSchema = z.object({})
