import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { AppError } from '../../base/errors.js'
import { controlPlaneId, globalOf, shardOf } from '../../lab/lab-clients.js'
import { writePrivateFile } from '../../lab/private-files.js'
import { regionOf } from '../../lab/shards.js'
import { type Command, type Context, type Input, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, type LabAccess, openLab, tenantOf } from '../lab-access.js'
import { DELIVERIES, deliver, PRODUCTS, type ProvisionedZone } from '../zone-delivery.js'

export const zoneProvision: Command = {
  name: 'zone provision',
  group: 'Credentials',
  summary: 'Make a zone at the platform, and print what it needs to connect',
  details:
    'The token is shown once: to get another, delete the zone and provision it again. Keep what is printed private, or let\n' +
    '--out-command hand the token to a secret store: CMD gets it on its standard input, and it is not printed then. Helm\n' +
    'values never hold it.',
  args: [{ name: 'name', doc: 'Of the zone, an RFC 1035 label', required: true }],
  flags: [
    { name: 'output', short: 'o', value: 'FORM', doc: 'For whom', fallback: 'env', words: DELIVERIES },
    { name: 'for', value: 'PRODUCT', doc: 'With the names that its control plane reads', words: PRODUCTS },
    { name: 'out-command', value: 'CMD', doc: 'Give the token to this shell command instead of printing it' },
    { name: 'token-file', value: 'FILE', doc: 'Write the token to this file (0600) instead of printing it' },
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab zone provision zone-4 --tenant team-a --for kuma > zone-4.env',
    'zonelab zone provision zone-4 --tenant team-a -o helm --token-file zone-4.token > values.yaml',
    "zonelab zone provision zone-4 -o helm --out-command 'aws secretsmanager create-secret --name cp-token --secret-string file:///dev/stdin'",
  ],
  async run(context, input) {
    const form = input.word('output', DELIVERIES) ?? 'env'
    const product = input.word('for', PRODUCTS)
    const lab = await openLab(context, input)
    const zone = await provision(lab, context, input)
    const command = input.text('out-command')
    const file = input.text('token-file')
    if (command !== undefined) await handOver(zone.token, command)
    if (file !== undefined) writePrivateFile(file, zone.token)
    const shown = command === undefined && file === undefined ? zone : { ...zone, token: ELSEWHERE }
    const tokenFile = file === undefined ? undefined : resolve(file)
    context.io.out(deliver({ ...shown, ...(tokenFile !== undefined && { tokenFile }) }, form, product))
    return EXIT.ok
  },
}

/** Instead of a token that has gone its own way; one word, as what is printed may become an environment. */
const ELSEWHERE = 'not-shown'

async function provision(lab: LabAccess, context: Context, input: Input): Promise<ProvisionedZone> {
  const [name = ''] = input.args
  const tenant = tenantOf(lab, input)
  const { token } = await apiOf(lab, context, input).post<{ token: string }>('/provision-zone', { name })
  return {
    zone: name,
    region: regionOf(shardOf(lab.view, tenant)),
    controlPlane: controlPlaneId(lab.view, tenant),
    address: globalOf(lab.view, tenant).endpoints.kds ?? '',
    caFile: lab.view.spec.plaintext ? undefined : lab.view.caFile,
    token,
  }
}

/** On standard input: what stands in a command line is to be seen by everybody on the machine. */
function handOver(token: string, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] })
    child.once('error', (cause) =>
      reject(new AppError('invalid-argument', `--out-command: ${cause.message}`, { cause })),
    )
    child.once('close', (code) => {
      if (code === 0) resolve()
      else {
        const lost = 'the token is lost; delete the zone and provision it again'
        reject(new AppError('invalid-argument', `--out-command ended with exit code ${code}: ${lost}`))
      }
    })
    // A command that does not read its input says how it ended.
    child.stdin.on('error', () => {})
    child.stdin.end(token)
  })
}
