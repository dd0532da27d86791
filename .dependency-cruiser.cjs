/** The layers of docs/ARCHITECTURE.md, as rules. Each says why. */
const layer = (name, from, allowed, comment) => ({
  name: `layers/${name}`,
  comment,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: allowed.map((folder) => `^src/${folder}/`).concat(`^src/${from}/`) },
})
const door = (dependency, doors, comment) => ({
  name: `door/${dependency}`,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: doors },
  to: { path: `node_modules/${dependency}/`, dependencyTypesNot: ['type-only'] },
})

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'A cycle has no reading order.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      comment: 'Nothing that ships may need the tests.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      comment: 'What ships runs without what it is made and judged with.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    layer('base', 'base', [], 'L0 imports nothing of ours.'),
    layer('report', 'report', ['base'], 'Forms of reports know no run.'),
    layer('model', 'model', ['base'], 'What words mean is independent of how they travel.'),
    layer('protocol', 'protocol', ['base'], 'The engine knows names, versions, cursors and nonces; never payloads.'),
    layer('policy', 'policy', ['base', 'model'], 'Matching and merging are pure.'),
    layer('wire', 'wire', ['base', 'model', 'protocol'], 'Encoding knows no socket and no store.'),
    layer('store', 'store', ['base', 'model'], 'Keeping resources knows no wire.'),
    layer('auth', 'auth', ['base', 'model', 'store/tenant-store'], 'Who is calling; keys come through a port.'),
    layer('grpc', 'transport/grpc', ['base', 'protocol', 'wire', 'auth', 'model'], 'Sockets, not meaning.'),
    layer('http', 'transport/http', ['base', 'auth', 'model'], 'Sockets, not meaning.'),
    layer('sync', 'sync', ['base', 'model', 'protocol', 'wire', 'store'], 'What KDS means, without gRPC.'),
    layer('insights', 'insights', ['base', 'model', 'protocol', 'store'], 'Status for global and zone alike.'),
    layer(
      'api',
      'api',
      ['base', 'model', 'policy', 'wire', 'store', 'auth', 'insights'],
      'One REST plugin, used twice.',
    ),
    layer(
      'conformance',
      'conformance',
      ['base', 'model', 'protocol', 'wire', 'transport', 'auth', 'report'],
      'It judges from outside: any target, ours included, is met on the wire.',
    ),
    ...['global', 'zone', 'dataplane', 'platform'].map((process) => ({
      name: `layers/${process}`,
      comment: 'The processes never import one another: they meet on the wire.',
      severity: 'error',
      from: { path: `^src/${process}/` },
      to: {
        path: ['global', 'zone', 'dataplane', 'platform', 'lab', 'cli', 'load', 'conformance', 'sim', 'ui']
          .filter((other) => other !== process)
          .map((other) => `^src/${other}/`),
      },
    })),
    {
      name: 'layers/lab',
      comment: 'The supervisor starts processes; only the inline lab composes them.',
      severity: 'error',
      from: { path: '^src/lab/', pathNot: '^src/lab/inline' },
      to: { path: '^src/(global|zone|dataplane|platform|cli|load|conformance|sim)/' },
    },
    door('@bufbuild/protobuf', ['^src/wire/'], 'Protobuf lives in wire.'),
    door('fastify', ['^src/transport/http/', '^src/api/'], 'One HTTP server.'),
    door('better-sqlite3', ['^src/store/sql/'], 'One database driver, one folder.'),
    door('pg', ['^src/store/postgres/'], 'One database driver, one folder.'),
    door('jose', ['^src/auth/'], 'Tokens live in auth.'),
    door('pino', ['^src/base/pino-logger'], 'One logger.'),
    door('hdr-histogram-js', ['^src/load/histogram'], 'One kind of histogram.'),
    door('commander', ['^src/cli/'], 'Flags live in the CLI.'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
