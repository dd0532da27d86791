import type { Command } from './command.js'
import { actions } from './commands/actions.js'
import { apply } from './commands/apply.js'
import { check } from './commands/check.js'
import { completionCommand } from './commands/completion.js'
import { configView } from './commands/config.js'
import { conformanceExplain, conformanceList, conformanceRun } from './commands/conformance.js'
import { dbMigrateStatus, dbMigrateUp } from './commands/db.js'
import { deleteCommand } from './commands/delete.js'
import { down } from './commands/down.js'
import { env } from './commands/env.js'
import { faultCommands } from './commands/fault.js'
import { get } from './commands/get.js'
import { inspectSync, inspectZones } from './commands/inspect.js'
import { inspectDataplanes } from './commands/inspect-dataplanes.js'
import { labs } from './commands/labs.js'
import { loadCommands } from './commands/load.js'
import { loadFindLimit } from './commands/load-find-limit.js'
import { logs } from './commands/logs.js'
import { logsAudit } from './commands/logs-audit.js'
import { reportCompare, reportShow } from './commands/report.js'
import { runCommands } from './commands/run.js'
import { status } from './commands/status.js'
import { tenantCreate, tenantDelete, tenantGet, tenantList } from './commands/tenant.js'
import { tokenInspect } from './commands/token-inspect.js'
import { tokenIssue } from './commands/token-issue.js'
import { tokenRevoke, tokenRotate } from './commands/token-keys.js'
import { tokenVerify } from './commands/token-verify.js'
import { up } from './commands/up.js'
import { version } from './commands/version.js'
import { wait } from './commands/wait.js'
import { zoneProvision } from './commands/zone.js'

/** All commands. Parser, help, completion and docs/cli.md are made from this list. */
export const COMMANDS: readonly Command[] = [
  up,
  down,
  labs,
  env,
  apply,
  get,
  deleteCommand,
  status,
  inspectSync,
  inspectZones,
  inspectDataplanes,
  wait,
  logs,
  logsAudit,
  configView,
  ...actions,
  ...faultCommands,
  ...loadCommands,
  loadFindLimit,
  tenantCreate,
  tenantList,
  tenantGet,
  tenantDelete,
  zoneProvision,
  tokenIssue,
  tokenVerify,
  tokenInspect,
  tokenRevoke,
  tokenRotate,
  reportShow,
  reportCompare,
  conformanceRun,
  conformanceList,
  conformanceExplain,
  ...runCommands,
  check,
  dbMigrateStatus,
  dbMigrateUp,
  completionCommand(() => COMMANDS),
  version,
]
