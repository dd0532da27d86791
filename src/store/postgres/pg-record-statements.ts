import type { JsonText } from '../../model/json.js'
import type { RecordFilter, RecordKey, RecordWrite, StoredRecord } from '../records.js'
import type { Statement } from './pg-database.js'

/** bigint columns arrive as text. */
export interface RecordColumns {
  readonly kind: string
  readonly id: string
  readonly parent: string
  readonly name: string
  readonly digest: string | null
  readonly version: string
  readonly body: JsonText
}

const COLUMNS = ['kind', 'id', 'parent', 'name', 'digest', 'version', 'body'].map((name) => `r.${name}`).join(', ')

/** One process over a database keeps its records: that which has last led this role. */
export const RECORDS_ROLE = 'records'

/**
 * Every statement about an organisation says which one in its own words (`organisation_id = $1`), although row level
 * security would be enough: each of the two walls stands without the other.
 */
export const recordStatements = {
  organizations: 'SELECT id FROM zonelab.organisation ORDER BY id',

  get(organization: string, { kind, id }: RecordKey): Statement {
    return {
      text: `SELECT ${COLUMNS} FROM zonelab.record r WHERE r.organisation_id = $1 AND r.kind = $2 AND r.id = $3`,
      values: [organization, kind, id],
    }
  },

  list(organization: string, kind: string, { parent = null, name = null }: Nullable<RecordFilter>): Statement {
    return {
      text: `SELECT ${COLUMNS} FROM zonelab.record r WHERE r.organisation_id = $1 AND r.kind = $2
        AND ($3::text IS NULL OR r.parent = $3) AND ($4::text IS NULL OR r.name = $4) ORDER BY r.created`,
      values: [organization, kind, parent, name],
    }
  },

  journal(organization: string, after: number, limit: number): Statement {
    return {
      text: `SELECT j.sequence, j.entry FROM zonelab.journal j
        WHERE j.organisation_id = $1 AND j.sequence > $2 ORDER BY j.sequence LIMIT $3`,
      values: [organization, after, limit],
    }
  },

  /** Three steps of one transaction: what is presented, whose it is, and from there on as that organisation. */
  byDigest(digest: string): readonly [Statement, Statement, Statement] {
    return [
      { text: "SELECT set_config('app.credential_digest', $1, true)", values: [digest] },
      {
        text: `SELECT set_config('app.organisation_id', c.organisation_id, true) FROM zonelab.credential c
          WHERE c.digest = $1`,
        values: [digest],
      },
      {
        text: `SELECT r.organisation_id, ${COLUMNS} FROM zonelab.record r
          WHERE r.organisation_id = current_setting('app.organisation_id', true) AND r.digest = $1`,
        values: [digest],
      },
    ]
  },

  /** From here to the end of the transaction the organisation has one writer. */
  lock(organization: string): Statement {
    return {
      text: `SELECT revision, pg_current_xact_id()::text AS transaction FROM zonelab.record_head
        WHERE organisation_id = $1 FOR UPDATE`,
      values: [organization],
    }
  },

  head(organization: string): Statement {
    return { text: 'SELECT revision FROM zonelab.record_head WHERE organisation_id = $1', values: [organization] }
  },

  begin(organization: string): Statement {
    return {
      text: 'INSERT INTO zonelab.record_head (organisation_id, revision) VALUES ($1, 0) ON CONFLICT DO NOTHING',
      values: [organization],
    }
  },

  /** No row: another process keeps the records now. */
  writer(instance: string): Statement {
    return {
      text: 'SELECT term FROM zonelab.leader WHERE role = $1 AND instance = $2 FOR SHARE',
      values: [RECORDS_ROLE, instance],
    }
  },

  /** Whatever the writes can meet: what they name, what bears the name that they give, and what goes with what they delete. */
  met(organization: string, writes: readonly RecordWrite[]): Statement {
    const drafts = writes.flatMap((write) =>
      write.kind === 'create' || write.kind === 'replace' ? [write.record] : [],
    )
    const ids = [...drafts.map(({ id }) => id), ...drafts.flatMap(({ parent }) => parent ?? [])]
    const names = drafts.map(({ kind, parent, name }) => ({ kind, parent: parent ?? '', name }))
    const gone = writes.flatMap((write) => (write.kind === 'delete' ? [write.record.id] : []))
    return {
      text: `WITH RECURSIVE gone AS (
          SELECT unnest($4::text[]) COLLATE "C" AS id
          UNION SELECT r.id FROM gone JOIN zonelab.record r
            ON r.organisation_id = $1 AND r.parent = gone.id AND r.parent <> '')
        SELECT ${COLUMNS} FROM zonelab.record r
          WHERE r.organisation_id = $1 AND (r.id = ANY($2) OR r.id IN (SELECT id FROM gone))
        UNION SELECT ${COLUMNS} FROM json_to_recordset($3::json) AS n(kind text, parent text, name text)
          JOIN zonelab.record r ON r.organisation_id = $1 AND r.kind = n.kind AND r.parent = n.parent AND r.name = n.name`,
      values: [organization, ids, JSON.stringify(names), gone],
    }
  },

  insert(organization: string, record: StoredRecord): Statement {
    return {
      text: `WITH made AS (
          INSERT INTO zonelab.record (organisation_id, kind, id, parent, name, digest, version, body, created)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
            (SELECT coalesce(max(r.created), 0) + 1 FROM zonelab.record r WHERE r.organisation_id = $1)))
        INSERT INTO zonelab.credential (digest, organisation_id) SELECT $6, $1 WHERE $6::text IS NOT NULL`,
      values: [organization, ...valuesOf(record)],
    }
  },

  update(organization: string, { kind, id, parent, name, version, body }: StoredRecord): Statement {
    return {
      text: `UPDATE zonelab.record r SET parent = $4, name = $5, version = $6, body = $7
        WHERE r.organisation_id = $1 AND r.kind = $2 AND r.id = $3`,
      values: [organization, kind, id, parent ?? '', name, version, body],
    }
  },

  delete(organization: string, { kind, id }: RecordKey): Statement {
    return {
      text: 'DELETE FROM zonelab.record r WHERE r.organisation_id = $1 AND r.kind = $2 AND r.id = $3',
      values: [organization, kind, id],
    }
  },

  append(organization: string, entry: JsonText): Statement {
    return {
      text: `INSERT INTO zonelab.journal (organisation_id, sequence, entry) SELECT $1,
        (SELECT coalesce(max(j.sequence), 0) + 1 FROM zonelab.journal j WHERE j.organisation_id = $1), $2`,
      values: [organization, entry],
    }
  },

  /** At the end of a commit: how far the organisation is, and whether it is listed. */
  end(organization: string, revision: number): readonly Statement[] {
    return [
      {
        text: 'UPDATE zonelab.record_head SET revision = $2 WHERE organisation_id = $1',
        values: [organization, revision],
      },
      {
        text: `INSERT INTO zonelab.organisation (id) SELECT $1
          WHERE EXISTS (SELECT FROM zonelab.record r WHERE r.organisation_id = $1) ON CONFLICT DO NOTHING`,
        values: [organization],
      },
      {
        text: `DELETE FROM zonelab.organisation WHERE id = $1
          AND NOT EXISTS (SELECT FROM zonelab.record r WHERE r.organisation_id = $1)`,
        values: [organization],
      },
    ]
  },
} as const

type Nullable<T> = { readonly [K in keyof T]: T[K] | null }

export function recordOf({ kind, id, parent, name, digest, version, body }: RecordColumns): StoredRecord {
  return { kind, id, parent: parent || undefined, name, digest: digest ?? undefined, version: Number(version), body }
}

function valuesOf({ kind, id, parent, name, digest, version, body }: StoredRecord): readonly unknown[] {
  return [kind, id, parent ?? '', name, digest ?? null, version, body]
}
