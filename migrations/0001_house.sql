-- What the floors keep: facts of the installation, the audit chain, outbound events, jobs.

CREATE TABLE instance (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

INSERT INTO instance (name, value) VALUES ('probe', '');

-- One chain per workspace ('' is the chain of the installation). `digest` covers the previous one, so that nothing can be
-- changed or taken from the middle unseen; details stand apart by digest, so that they can be dropped without breaking it.
CREATE TABLE audit_heads (
  workspace_id TEXT PRIMARY KEY,
  sequence BIGINT NOT NULL,
  digest TEXT NOT NULL
);

CREATE TABLE audit_entries (
  workspace_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  environment_id TEXT,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  request_id TEXT NOT NULL,
  address TEXT,
  details TEXT,
  details_digest TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (workspace_id, sequence)
);

-- The bytes that every attempt of every delivery of this event sends.
CREATE TABLE outbound_events (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT,
  created_at BIGINT NOT NULL,
  user_id TEXT,
  input_sequence BIGINT,
  traceparent TEXT
);
CREATE INDEX outbound_events_by_input ON outbound_events (environment_id, input_sequence) WHERE input_sequence IS NOT NULL;

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  environment_id TEXT,
  -- At most one unfinished job of a kind has a given key.
  unique_key TEXT,
  payload TEXT NOT NULL,
  status TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  claimed_by TEXT,
  progress TEXT,
  reason TEXT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE status = 'waiting';
CREATE INDEX jobs_running ON jobs (claimed_by) WHERE status = 'running';
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE unique_key IS NOT NULL AND ended_at IS NULL;
