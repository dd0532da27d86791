function setting(name: string): string {
  return `nullif(current_setting('${name}', true), '')`
}

const OWN_ORGANIZATION = `organisation_id = ${setting('app.organisation_id')}`

/**
 * Entry n takes the schema from version n to n + 1; entries are never edited. Every key leads with the tenant, or with the organisation, since
 * unique constraints are checked behind row level security and would tell of other tenants (auth.md §3.2, 13).
 * `mesh` is '' for global-scoped types, as a key column cannot be NULL. Tenant ids are text: a control plane's id need
 * not be a UUID (`default`), and text compares by a leakproof operator as well.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Which tenants there are, and nothing about them: whoever works on all of them goes from one to the next.
  CREATE TABLE zonelab.control_plane (
    id text COLLATE "C" PRIMARY KEY
  );

  CREATE TABLE zonelab.tenant (
    tenant_id text COLLATE "C" PRIMARY KEY,
    epoch     text NOT NULL,
    revision  bigint NOT NULL,
    floor     bigint NOT NULL, -- the change log tells all changes after this revision
    log_size  bigint NOT NULL  -- rows of this tenant in change_log
  );

  CREATE TABLE zonelab.resource (
    tenant_id      text COLLATE "C" NOT NULL,
    type           text COLLATE "C" NOT NULL,
    mesh           text COLLATE "C" NOT NULL,
    name           text COLLATE "C" NOT NULL,
    uid            text NOT NULL,
    version        bigint NOT NULL,
    labels         text NOT NULL,
    spec           text NOT NULL,
    status         text,
    created_at_ms  bigint NOT NULL,
    modified_at_ms bigint NOT NULL,
    owner_type     text COLLATE "C",
    owner_mesh     text COLLATE "C",
    owner_name     text COLLATE "C",
    synced_version text,
    PRIMARY KEY (tenant_id, type, mesh, name)
  );

  CREATE INDEX resource_by_owner ON zonelab.resource (tenant_id, owner_type, owner_mesh, owner_name)
    WHERE owner_type IS NOT NULL;

  -- before: what the change replaced, so that each instance can tell its watchers all of it.
  CREATE TABLE zonelab.change_log (
    tenant_id text COLLATE "C" NOT NULL,
    revision  bigint NOT NULL,
    type      text COLLATE "C" NOT NULL,
    mesh      text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    before    text,
    PRIMARY KEY (tenant_id, revision, type, mesh, name)
  );

  ${['tenant', 'resource', 'change_log'].map(tenantTable).join('\n')}

  -- How far each of these tenants is. Runs as the caller, under the policies, from one tenant to the next.
  CREATE FUNCTION zonelab.heads(ids text[]) RETURNS TABLE (tenant_id text, epoch text, revision bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER AS $$
  DECLARE
    id text;
  BEGIN
    FOREACH id IN ARRAY ids LOOP
      PERFORM pg_catalog.set_config('app.tenant_id', id, true);
      RETURN QUERY SELECT t.tenant_id::text, t.epoch, t.revision FROM zonelab.tenant t WHERE t.tenant_id = id;
    END LOOP;
    PERFORM pg_catalog.set_config('app.tenant_id', '', true);
  END
  $$;

  -- Calls from one process to another that await their answer; after a crash nobody does.
  CREATE UNLOGGED TABLE zonelab.call (
    tenant_id text COLLATE "C" NOT NULL,
    id        text NOT NULL,
    request   bytea NOT NULL,
    response  bytea,
    code      text, -- of the error that is the answer
    message   text,
    asked_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
  );

  ${tenantTable('call')}

  -- Who does what only one process may do, and in which term.
  CREATE TABLE zonelab.leader (
    role     text PRIMARY KEY,
    term     bigint NOT NULL,
    instance text NOT NULL
  );
  `,
  `
  -- Which organisations have records, and nothing about them: whoever works on all of them goes from one to the next.
  CREATE TABLE zonelab.organisation (
    id text COLLATE "C" PRIMARY KEY
  );

  CREATE TABLE zonelab.record_head (
    organisation_id text COLLATE "C" PRIMARY KEY,
    revision        bigint NOT NULL -- of commits; who holds the row's lock is the organisation's one writer
  );

  -- parent: '' when it goes with the organisation alone. created: order of creation.
  CREATE TABLE zonelab.record (
    organisation_id text COLLATE "C" NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    parent          text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL,
    digest          text COLLATE "C",
    version         bigint NOT NULL,
    created         bigint NOT NULL,
    body            text NOT NULL,
    PRIMARY KEY (organisation_id, kind, id),
    UNIQUE (organisation_id, id),
    UNIQUE (organisation_id, kind, parent, name),
    UNIQUE (organisation_id, digest)
  );

  CREATE INDEX record_by_parent ON zonelab.record (organisation_id, parent) WHERE parent <> '';
  CREATE INDEX record_by_creation ON zonelab.record (organisation_id, created);

  -- Whose secret has this digest: the one question that names no organisation, and nothing but its answer.
  CREATE TABLE zonelab.credential (
    digest          text COLLATE "C" PRIMARY KEY,
    organisation_id text COLLATE "C" NOT NULL,
    FOREIGN KEY (organisation_id, digest) REFERENCES zonelab.record (organisation_id, digest) ON DELETE CASCADE
  );

  CREATE TABLE zonelab.journal (
    organisation_id text COLLATE "C" NOT NULL,
    sequence        bigint NOT NULL,
    entry           text NOT NULL,
    PRIMARY KEY (organisation_id, sequence)
  );

  CREATE FUNCTION zonelab.keep_journal() RETURNS trigger LANGUAGE plpgsql SECURITY INVOKER AS $$
  BEGIN
    RAISE EXCEPTION 'the journal can only be appended to';
  END
  $$;
  CREATE TRIGGER journal_keeps_entries BEFORE UPDATE OR DELETE OR TRUNCATE ON zonelab.journal
    FOR EACH STATEMENT EXECUTE FUNCTION zonelab.keep_journal();

  ${['record_head', 'record', 'journal'].map((table) => rowSecurity(table, OWN_ORGANIZATION)).join('\n')}

  -- A row is shown to its organisation, and to whoever presents the very secret that it is about.
  ${rowSecurity('credential', `${OWN_ORGANIZATION} OR digest = ${setting('app.credential_digest')}`, OWN_ORGANIZATION)}
  `,
]

/** No tenant set, or none any more (''), is no row seen and none written. */
function tenantTable(table: string): string {
  return rowSecurity(table, `tenant_id = ${setting('app.tenant_id')}`)
}

/** One policy for all commands: the rows that are seen, and those that may be written. */
function rowSecurity(table: string, seen: string, written = seen): string {
  return `
  ALTER TABLE zonelab.${table} ENABLE ROW LEVEL SECURITY;
  ALTER TABLE zonelab.${table} FORCE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON zonelab.${table} FOR ALL USING (${seen}) WITH CHECK (${written});`
}

/** What the role of the processes may do; run by the owner after each migration. `role` is a quoted identifier. */
export function grantsTo(role: string): string {
  return `
  GRANT USAGE ON SCHEMA zonelab TO ${role};
  GRANT SELECT ON zonelab.migration TO ${role};
  GRANT SELECT, INSERT, UPDATE, DELETE
    ON zonelab.control_plane, zonelab.tenant, zonelab.resource, zonelab.change_log, zonelab.call, zonelab.leader,
      zonelab.organisation, zonelab.record_head, zonelab.record
    TO ${role};
  GRANT SELECT, INSERT ON zonelab.credential, zonelab.journal TO ${role};
  REVOKE ALL ON FUNCTION zonelab.heads(text[]) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION zonelab.heads(text[]) TO ${role};`
}
