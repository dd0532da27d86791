import type { Route } from './route.js'
import { INFO_ROUTES } from './routes-info.js'
import { LAYOUT_ROUTES } from './routes-layout.js'
import { POLICY_ROUTES } from './routes-policies.js'
import { PROXY_ROUTES } from './routes-proxy.js'
import { RESOURCE_ROUTES } from './routes-resources.js'
import { SECTION_ROUTES } from './routes-sections.js'
import { SERVICE_ROUTES } from './routes-services.js'
import { TOKEN_ROUTES } from './routes-tokens.js'

/** Every operation of the API: what is registered, and what docs/endpoints.md lists. */
export const ROUTES: readonly Route[] = [
  ...INFO_ROUTES,
  ...RESOURCE_ROUTES,
  ...LAYOUT_ROUTES,
  ...POLICY_ROUTES,
  ...SECTION_ROUTES,
  ...SERVICE_ROUTES,
  ...PROXY_ROUTES,
  ...TOKEN_ROUTES,
]
