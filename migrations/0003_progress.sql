-- Event types, the input log, members, programs, the ledger.

CREATE TABLE event_types (
  environment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- 'registered' by a person or a program; 'guessed' from what the open test environment received.
  origin TEXT NOT NULL CHECK (origin IN ('registered', 'guessed')),
  schema TEXT,
  description TEXT,
  client_safe SMALLINT NOT NULL,
  forward SMALLINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, name)
);

CREATE TABLE members (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  attributes TEXT NOT NULL,
  timezone TEXT,
  locale TEXT,
  -- Balances, counts, levels, badges, limits in use: at most 64 KiB of JSON. Derived from inputs; `hatch doctor` compares.
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (environment_id, user_id)
);
CREATE INDEX members_by_environment ON members (environment_id, id);

-- Where the log of an environment ends. Its row is the lock under which inputs are numbered.
CREATE TABLE input_heads (
  environment_id TEXT PRIMARY KEY,
  sequence BIGINT NOT NULL
);

-- The one ordered log: everything that can change progress.
CREATE TABLE inputs (
  environment_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  -- 'event', 'command' or 'tick'. Without a CHECK, which costs each insert a twentieth.
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  -- A keyed hash of namespace and id: outlives the payload, so that a repeat is known for ever.
  id_hash BYTEA NOT NULL,
  content_hash BYTEA NOT NULL,
  type TEXT NOT NULL,
  user_id TEXT NOT NULL,
  occurred_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  local_date TEXT NOT NULL,
  actor TEXT NOT NULL,
  request_id TEXT NOT NULL,
  traceparent TEXT,
  backfill SMALLINT NOT NULL,
  payload TEXT,
  program_version BIGINT NOT NULL,
  effects TEXT,
  -- Every rule that was looked at, and why it did or did not fire.
  considered TEXT,
  PRIMARY KEY (environment_id, sequence)
);
CREATE UNIQUE INDEX inputs_by_id ON inputs (environment_id, id_hash);
CREATE INDEX inputs_by_user ON inputs (environment_id, user_id, sequence);

-- Double entry: an amount goes from `debit` to `credit`, so every currency sums to zero. Accounts are `mem_…` and
-- 'program' (what the program has given out). Never updated.
CREATE TABLE ledger_transfers (
  environment_id TEXT NOT NULL,
  input_sequence BIGINT NOT NULL,
  effect_key TEXT NOT NULL,
  revision BIGINT NOT NULL,
  id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  debit TEXT NOT NULL,
  credit TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  at BIGINT NOT NULL,
  available_at BIGINT NOT NULL,
  expires_at BIGINT,
  reason TEXT NOT NULL,
  PRIMARY KEY (environment_id, input_sequence, effect_key, revision)
);
CREATE INDEX ledger_transfers_by_member ON ledger_transfers (member_id, input_sequence);

-- What the limits of `per: everyone` have used, by rule, limit and window.
CREATE TABLE shared_counters (
  environment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (environment_id, name)
);

-- Published versions are never changed.
CREATE TABLE programs (
  environment_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  content TEXT NOT NULL,
  checksum TEXT NOT NULL,
  note TEXT,
  published_by TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, version)
);

CREATE TABLE program_drafts (
  environment_id TEXT PRIMARY KEY,
  content TEXT NOT NULL,
  checksum TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);
