import { MESH, PROXY, table } from './verdict.js'

const ID = { spiffeID: { type: 'Exact', value: 'spiffe://mesh/a' } }
const to = (conf: object, targetRef: object = MESH) => ({ to: [{ targetRef, default: conf }] })
const rules = (conf: object, matches?: object[]) => ({
  targetRef: PROXY,
  rules: [{ ...(matches && { matches }), default: conf }],
})
const UNCONDITIONAL =
  "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity"
const RULE = 'spec.rules[0].default'

table('MeshRateLimit', [
  ['neither list', {}, ["spec: at least one of 'to' or 'rules' has to be defined"]],
  [
    'both lists',
    { ...rules({ local: { http: { disabled: true } } }), ...to({}), targetRef: MESH },
    [
      "spec: field 'to' must be empty when 'rules' is defined",
      'spec.rules: must not be defined',
      'spec.to[0].default.local: must be defined',
    ],
  ],
  ['inbound', rules({ local: { http: { requestRate: { num: 1, interval: '1s' } } } }), []],
  ['outbound of the mesh', to({ local: { tcp: { disabled: true } } }), []],
  [
    'rules for the whole mesh',
    { rules: [{ default: { local: { http: { disabled: true } } } }] },
    ['spec.rules: must not be defined'],
  ],
  ['`to` for some proxies', { ...to({ local: {} }), targetRef: PROXY }, ['spec.to: must not be defined']],
  ['no block', rules({}), [`${RULE}.local: must be defined`]],
  ['empty', rules({ local: {} }), [`${RULE}.local: must have at least one defined: tcp, http`]],
  [
    'empty protocols',
    rules({ local: { http: {}, tcp: {} } }),
    [
      `${RULE}.local.http: must have at least one defined: disabled, requestRate, onRateLimit`,
      `${RULE}.local.tcp: must have at least one defined: disabled, connectionRate`,
    ],
  ],
  [
    'a rate too fast, for one caller, on TCP',
    rules({ local: { tcp: { connectionRate: { num: 0, interval: '50ms' } } } }, [ID]),
    [
      `${RULE}.local.tcp: ${UNCONDITIONAL}`,
      `${RULE}.local.tcp.connectionRate.num: must be greater than 0`,
      `${RULE}.local.tcp.connectionRate.interval: must be greater than: 50ms`,
    ],
  ],
])

table('MeshFaultInjection', [
  [
    'no bandwidth',
    rules({ http: [{ responseBandwidth: { limit: '', percentage: 1 } }] }),
    [`${RULE}.http.responseBandwidth[0].limit: must be defined`],
  ],
  ['nothing at all', {}, []],
  [
    'faults',
    rules({
      http: [{ abort: { httpStatus: 500, percentage: 50 }, responseBandwidth: { limit: '1 Mbps', percentage: 1 } }],
    }),
    [],
  ],
  ['`to` for some proxies', { ...to({}), targetRef: PROXY }, ['spec.to: must not be defined']],
  [
    'values out of range, by kind and index',
    rules({
      http: [
        { abort: { httpStatus: 99, percentage: '101' } },
        { delay: { value: '-1s', percentage: 'x' }, responseBandwidth: { limit: '5Pbps', percentage: 1 } },
      ],
    }),
    [
      `${RULE}.http.abort[0].httpStatus: must be in inclusive range [100, 599]`,
      `${RULE}.http.abort[0].percentage: must be in inclusive range [0.0, 100.0]`,
      `${RULE}.http.delay[1].value: must not be negative when defined`,
      `${RULE}.http.delay[1].percentage: string must be a valid number`,
      `${RULE}.http.responseBandwidth[1].limit: must be in kbps/Mbps/Gbps units`,
    ],
  ],
])
