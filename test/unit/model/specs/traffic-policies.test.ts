import { MESH, PROXY, SERVICE, table } from './verdict.js'

const ID = { spiffeID: { type: 'Exact', value: 'spiffe://mesh/a' } }
const to = (conf: object, targetRef: object = MESH) => ({ to: [{ targetRef, default: conf }] })
const rules = (conf: object, matches?: object[]) => ({
  targetRef: PROXY,
  rules: [{ ...(matches && { matches }), default: conf }],
})
const UNCONDITIONAL =
  "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity"
const CONF = 'spec.to[0].default'

table('MeshTimeout', [
  ['outbound', to({ connectionTimeout: '1s', http: { requestTimeout: '0s' } }), []],
  ['inbound', rules({ idleTimeout: '0s' }), []],
  ['inbound of one caller', rules({ http: { requestTimeout: '1s', streamIdleTimeout: '1s' } }, [ID]), []],
  ['neither list', {}, ["spec: at least one of 'to' or 'rules' has to be defined"]],
  [
    'both lists',
    { ...to({ idleTimeout: '1s' }), rules: [{ default: { idleTimeout: '1s' } }] },
    ["spec: fields 'to' must be empty when 'rules' is defined"],
  ],
  ['nothing configured', to({}), [`${CONF}: at least one timeout should be configured`]],
  ['no default', { to: [{ targetRef: MESH }] }, [`${CONF}: at least one timeout should be configured`]],
  [
    'only a header timeout',
    to({ http: { requestHeadersTimeout: '1s' } }),
    [`${CONF}.http: at least one timeout in this section should be configured`],
  ],
  [
    'each http timeout below zero',
    to({
      http: {
        requestTimeout: '-1s',
        streamIdleTimeout: '-1s',
        maxConnectionDuration: '-1s',
        requestHeadersTimeout: '-1s',
      },
    }),
    ['requestTimeout', 'streamIdleTimeout', 'maxConnectionDuration', 'requestHeadersTimeout'].map(
      (field) => `${CONF}.http.${field}: must not be negative when defined`,
    ),
  ],
  [
    'zero and less than zero',
    to({ connectionTimeout: '0s', idleTimeout: '-1s', http: { maxStreamDuration: '-1ms' } }),
    [
      `${CONF}.connectionTimeout: must be greater than zero when defined`,
      `${CONF}.idleTimeout: must not be negative when defined`,
      `${CONF}.http.maxStreamDuration: must not be negative when defined`,
    ],
  ],
  [
    'connection timeouts of one caller',
    rules({ connectionTimeout: '1s', idleTimeout: '1s', http: { requestTimeout: '1s', maxStreamDuration: '1s' } }, [
      ID,
    ]),
    [
      `spec.rules[0].default.connectionTimeout: ${UNCONDITIONAL}`,
      `spec.rules[0].default.idleTimeout: ${UNCONDITIONAL}`,
      `spec.rules[0].default.http.maxStreamDuration: ${UNCONDITIONAL}`,
    ],
  ],
])

const RETRY = `${CONF}.conf`

table('MeshRetry', [
  [
    'all protocols',
    to({ tcp: { maxConnectAttempt: 1 }, http: { numRetries: 0 }, grpc: { retryOn: ['Internal'] } }),
    [],
  ],
  ['every kind of word', to({ http: { retryOn: ['5xx', 'HttpMethodGet', '503'] } }), []],
  ['nothing', to({}), [`${RETRY}: at least one of the 'tcp', 'http', 'grpc' must be specified`]],
  [
    'empty blocks',
    to({ tcp: {}, http: {}, grpc: {} }),
    ['tcp', 'http', 'grpc'].map((block) => `${RETRY}.${block}: must not be empty`),
  ],
  ['no attempts', to({ tcp: { maxConnectAttempt: 0 } }), [`${RETRY}.tcp.maxConnectAttempt: must be greater than 0`]],
  [
    'unknown words',
    to({ http: { retryOn: ['Sometimes', '999', ''] } }),
    ["'Sometimes'", "'999'", "''"].map((word, i) => `${RETRY}.http.retryOn[${i}]: unknown item ${word}`),
  ],
  ['an empty back-off', to({ grpc: { backOff: {} } }), [`${RETRY}.grpc.backOff: must not be empty`]],
  [
    'a rate limited back-off without headers',
    to({ http: { rateLimitedBackOff: { maxInterval: '0s' } } }),
    [
      `${RETRY}.http.rateLimitedBackOff.maxInterval: must be defined and greater than zero`,
      `${RETRY}.http.rateLimitedBackOff.resetHeaders: must be defined`,
    ],
  ],
  [
    'host selection',
    to({
      http: {
        hostSelection: [
          { predicate: 'OmitPreviousHosts' },
          { predicate: 'OmitHostsWithTags' },
          { predicate: 'OmitPreviousPriorities' },
          { predicate: 'OmitPreviousPriorities', updateFrequency: 0 },
        ],
      },
    }),
    [
      `${RETRY}.http.hostSelection[1].tags: must be defined`,
      `${RETRY}.http.hostSelection[3].predicate: OmitPreviousPriorities must only be specified once`,
      `${RETRY}.http.hostSelection[3].updateFrequency: must be defined and greater than zero`,
    ],
  ],
])

const OUTLIER = `${CONF}.outlierDetection`

table('MeshCircuitBreaker', [
  [
    'volumes of zero and a factor that is no number',
    to({
      outlierDetection: {
        detectors: {
          successRate: { minimumHosts: 0, requestVolume: 0, standardDeviationFactor: 'x' },
          failurePercentage: { minimumHosts: 0, requestVolume: 0 },
        },
      },
    }),
    [
      `${OUTLIER}.detectors.successRate.minimumHosts: must be greater than 0`,
      `${OUTLIER}.detectors.successRate.requestVolume: must be greater than 0`,
      `${OUTLIER}.detectors.successRate.standardDeviationFactor: invalid number`,
      `${OUTLIER}.detectors.failurePercentage.minimumHosts: must be greater than 0`,
      `${OUTLIER}.detectors.failurePercentage.requestVolume: must be greater than 0`,
    ],
  ],
  ['limits', to({ connectionLimits: { maxConnections: 1 } }), []],
  ['both lists', { ...to({ connectionLimits: {} }), rules: [{ default: { connectionLimits: {} } }] }, []],
  ['neither list', {}, ["spec: at least one of 'to' or 'rules' has to be defined"]],
  [
    'nothing, in a rule, which is reported as `from`',
    rules({}),
    ["spec.from[0].default: at least one of: 'connectionLimits' or 'outlierDetection' should be configured"],
  ],
  [
    'a limit of zero',
    to({ connectionLimits: { maxRetries: 0 } }),
    [`${CONF}.connectionLimits.maxRetries: must be greater than 0`],
  ],
  ['no detectors', to({ outlierDetection: {} }), [`${OUTLIER}.detectors: must be defined`]],
  [
    'empty detectors and bad percentages',
    to({ outlierDetection: { maxEjectionPercent: 101, healthyPanicThreshold: 'x', detectors: {} } }),
    [
      `${OUTLIER}.maxEjectionPercent: must be in inclusive range [0, 100]`,
      `${OUTLIER}.healthyPanicThreshold: string must be a valid number`,
      `${OUTLIER}.detectors: must have at least one defined: totalFailures, gatewayFailures, localOriginFailures, successRate, failurePercentage`,
    ],
  ],
  [
    'detectors of zero',
    to({
      outlierDetection: {
        interval: '0s',
        healthyPanicThreshold: '100.1',
        detectors: {
          totalFailures: { consecutive: 0 },
          successRate: { standardDeviationFactor: '0.0' },
          failurePercentage: { threshold: 101 },
        },
      },
    }),
    [
      `${OUTLIER}.interval: must be greater than zero when defined`,
      `${OUTLIER}.healthyPanicThreshold: must be in inclusive range [0.0, 100.0]`,
      `${OUTLIER}.detectors.totalFailures.consecutive: must be greater than 0`,
      `${OUTLIER}.detectors.successRate.standardDeviationFactor: must be greater than 0`,
      `${OUTLIER}.detectors.failurePercentage.threshold: must be in inclusive range [0, 100]`,
    ],
  ],
])

table('MeshHealthCheck', [
  ['http', to({ http: { path: '/h', expectedStatuses: [200] }, interval: '1s' }), []],
  ['nothing', to({}), [`${CONF}: must have at least one defined: http, tcp, grpc`]],
  [
    'every other time and threshold of zero',
    to({
      tcp: {},
      timeout: '0s',
      unhealthyThreshold: 0,
      initialJitter: '0s',
      intervalJitter: '0s',
      noTrafficInterval: '0s',
    }),
    ['timeout', 'unhealthyThreshold', 'initialJitter', 'intervalJitter', 'noTrafficInterval'].map(
      (field) => `${CONF}.${field}: must be greater than zero when defined`,
    ),
  ],
  [
    'values out of range',
    to({
      interval: '0s',
      healthyThreshold: 0,
      intervalJitterPercent: -1,
      eventLogPath: 'a',
      http: { path: '', expectedStatuses: [99] },
    }),
    [
      `${CONF}.interval: must be greater than zero when defined`,
      `${CONF}.healthyThreshold: must be greater than zero when defined`,
      `${CONF}.intervalJitterPercent: must be in inclusive range [0, 100]`,
      `${CONF}.eventLogPath: must be a valid path when defined`,
      `${CONF}.http.path: must be defined`,
      `${CONF}.http.expectedStatuses[0]: must be in inclusive range [100, 599]`,
    ],
  ],
  [
    'a route',
    to({ tcp: {} }, { ...SERVICE, kind: 'MeshHTTPRoute' }),
    ["spec.to[0].targetRef.kind: value 'MeshHTTPRoute' is not supported"],
  ],
])
