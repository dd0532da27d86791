import { z } from 'zod'

/** What kuma-dp posts (kuma `pkg/xds/bootstrap/types`); fields that we have no use for are ignored. */
export const bootstrapRequest = z.object({
  mesh: z.string().min(1),
  name: z.string().min(1),
  proxyType: z.string().default('dataplane'),
  dataplaneToken: z.string().default(''),
  dataplaneResource: z.string().default(''),
  version: z.record(z.string(), z.unknown()).optional(),
  caCert: z.string().default(''),
  adminPort: z.number().int().optional(),
  readinessPort: z.number().int().optional(),
  dynamicMetadata: z.record(z.string(), z.string()).default({}),
  features: z.array(z.string()).default([]),
  workdir: z.string().default(''),
})

export type BootstrapRequest = z.output<typeof bootstrapRequest>
