import { z } from 'zod'
import { AppError, type Violation } from '../../base/errors.js'
import { rfc1123SubdomainFaults } from '../dns-names.js'
import { type HostnameTemplate, parseTemplate, renderTemplate } from '../hostname-template.js'
import { extension } from './mesh-external-service.js'
import { matchLabels } from './policy-parts.js'
import { at, REASON, violation } from './rules.js'

export const hostnameGeneratorSchema = z.object({
  selector: z
    .object({
      meshService: matchLabels.optional(),
      meshExternalService: matchLabels.optional(),
      meshMultiZoneService: matchLabels.optional(),
    })
    .prefault({}),
  template: z.string(),
  extension: extension.optional(),
})
export type HostnameGeneratorSpec = z.infer<typeof hostnameGeneratorSchema>

export function checkHostnameGenerator({ selector, template, extension }: HostnameGeneratorSpec): Violation[] {
  const { meshService, meshExternalService, meshMultiZoneService } = selector
  const selected = [meshService, meshExternalService, meshMultiZoneService].filter((item) => item !== undefined).length
  return at('spec', [
    ...(selected === 1
      ? []
      : violation('selector', 'exact one selector (meshService, meshExternalService) must be defined')),
    ...at('template', checkTemplate(template)),
    ...(extension?.type === '' ? violation('extension.type', REASON.notEmpty) : []),
  ])
}

/** A template has to render a DNS name from values that are themselves fine. */
function checkTemplate(text: string): Violation[] {
  if (text === '') return violation('', REASON.notEmpty)
  let template: HostnameTemplate
  try {
    template = parseTemplate(text)
  } catch (error) {
    return violation('', `couldn't parse template: ${AppError.from(error).message}`)
  }
  const fields = { Name: 'name', DisplayName: 'displayname', Namespace: 'namespace', Mesh: 'mesh', Zone: 'zone' }
  try {
    const rendered = renderTemplate(template, { fields, label: () => 'label' })
    const faults = rfc1123SubdomainFaults(rendered)
    if (faults.length === 0) return []
    return violation('', `template renders to "${rendered}" which is not a valid DNS name: ${faults.join(', ')}`)
  } catch (error) {
    return violation('', `couldn't render template with stub values: ${AppError.from(error).message}`)
  }
}
