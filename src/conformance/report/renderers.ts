import type { Renderers } from '../../report/destinations.js'
import type { ConformanceResult } from '../result.js'
import { yamlReport } from './conformance-yaml.js'
import { htmlReport } from './html.js'
import { junitReport } from './junit.js'
import { markdownReport } from './markdown.js'
import { sarifReport } from './sarif.js'
import { tapReport } from './tap.js'
import { textReport } from './text.js'

/** Every form in which a conformance run can be told. All are made from the one result. */
export const CONFORMANCE_RENDERERS = {
  html: htmlReport,
  junit: junitReport,
  sarif: sarifReport,
  tap: tapReport,
  json: (result) => `${JSON.stringify(result, null, 2)}\n`,
  md: markdownReport,
  yaml: yamlReport,
  text: textReport,
} as const satisfies Renderers<ConformanceResult>
