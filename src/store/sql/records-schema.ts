import type { Schema } from './schema.js'

/** The control-plane manager's file: `zlrc` in its header. Rows lead with the organisation. */
export const RECORDS_SCHEMA: Schema = {
  applicationId: 0x7a6c7263,
  migrations: [
    `
    CREATE TABLE record (
      organization TEXT NOT NULL,
      kind         TEXT NOT NULL,
      id           TEXT NOT NULL,
      parent       TEXT NOT NULL, -- '' when it goes with the organisation alone
      name         TEXT NOT NULL,
      digest       TEXT,
      version      INTEGER NOT NULL,
      created      INTEGER NOT NULL, -- order of creation
      body         TEXT NOT NULL,
      PRIMARY KEY (organization, kind, id),
      UNIQUE (organization, id),
      UNIQUE (organization, kind, parent, name)
    ) STRICT, WITHOUT ROWID;

    CREATE UNIQUE INDEX record_by_digest ON record (digest) WHERE digest IS NOT NULL;
    CREATE INDEX record_by_parent ON record (organization, parent) WHERE parent <> '';
    CREATE INDEX record_by_creation ON record (organization, created);

    CREATE TABLE journal (
      organization TEXT NOT NULL,
      sequence     INTEGER NOT NULL,
      entry        TEXT NOT NULL,
      PRIMARY KEY (organization, sequence)
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER journal_keeps_entries BEFORE DELETE ON journal
      BEGIN SELECT raise(ABORT, 'the journal can only be appended to'); END;
    CREATE TRIGGER journal_keeps_texts BEFORE UPDATE ON journal
      BEGIN SELECT raise(ABORT, 'the journal can only be appended to'); END;
    `,
  ],
}
