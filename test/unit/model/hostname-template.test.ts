import { describe, expect, test } from 'vitest'
import { parseTemplate, renderTemplate } from '../../../src/model/hostname-template.js'

const values = {
  fields: { DisplayName: 'redis', Namespace: 'shop', Mesh: 'default', Zone: 'east', Name: 'redis-x' },
  label: (key: string) => ({ 'k8s.kuma.io/service-name': 'redis-svc', team: 'a' })[key],
}
const render = (text: string) => renderTemplate(parseTemplate(text), values)

describe('hostname templates', () => {
  test.each([
    ['{{ .DisplayName }}.svc.{{ .Zone }}.mesh.local', 'redis.svc.east.mesh.local'],
    ['{{.Name}}.{{.Namespace}}.{{.Mesh}}', 'redis-x.shop.default'],
    ['{{ label "k8s.kuma.io/service-name" }}.mesh', 'redis-svc.mesh'],
    ['{{ label `team` }}.mesh', 'a.mesh'],
    ['a  {{- .Zone -}}  b', 'aeastb'],
    ['plain.mesh', 'plain.mesh'],
    ['', ''],
  ])('%s renders %s', (text, rendered) => {
    expect(render(text)).toBe(rendered)
  })

  test.each([
    ['{{ .Name', 'template: :1: unclosed action'],
    ['{{ }}', 'template: :1: missing value for command'],
    ['{{ upper .Name }}', 'template: :1: function "upper" not defined'],
    ['{{ .Name[4 }}', `template: :1: bad character U+005B '['`],
    ['{{ label }}', 'template: :1: unexpected "label" in command: use a field or label "key"'],
    ['{{ .Name | printf }}', 'template: :1: unexpected ".Name | printf" in command: use a field or label "key"'],
  ])('%s does not parse', (text, message) => {
    expect(() => parseTemplate(text)).toThrow(message)
  })

  test('an unknown field and an absent label end the rendering by name', () => {
    expect(() => render('{{ .Foo }}')).toThrow("can't evaluate field Foo")
    expect(() => render('{{ .constructor }}')).toThrow("can't evaluate field constructor")
    expect(() => render('{{ label "nope" }}')).toThrow('label nope not found')
  })
})
