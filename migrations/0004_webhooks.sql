-- Who wants which outbound events, each one's way there, each request made.

CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  environment_id TEXT NOT NULL,
  environment_kind TEXT NOT NULL CHECK (environment_kind IN ('live', 'test')),
  owner_key_id TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('push', 'pull')),
  endpoint TEXT,
  events TEXT NOT NULL,
  description TEXT,
  -- Sealed: custom headers may carry credentials.
  headers_sealed TEXT,
  rate_limit TEXT,
  retry_delays TEXT,
  pause_after BIGINT,
  pause_for BIGINT,
  status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'disabled')),
  reason TEXT,
  -- When a paused one is probed next; null waits for a person.
  paused_until BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- The row stays, so that the deliveries it had can be read.
  deleted_at BIGINT
);
CREATE INDEX subscriptions_by_environment ON subscriptions (environment_id, id) WHERE deleted_at IS NULL;

-- How its endpoint answers. Apart from the subscription, because every group of outcomes writes it.
CREATE TABLE subscription_health (
  subscription_id TEXT PRIMARY KEY REFERENCES subscriptions (id),
  failures_in_row BIGINT NOT NULL,
  failing_since BIGINT,
  last_success_at BIGINT,
  last_failure_at BIGINT
);

CREATE TABLE subscription_secrets (
  id TEXT PRIMARY KEY,
  subscription_id TEXT NOT NULL REFERENCES subscriptions (id),
  sealed TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- The end of its overlap; the newest has none.
  expires_at BIGINT
);
CREATE INDEX subscription_secrets_by_subscription ON subscription_secrets (subscription_id);
CREATE INDEX subscription_secrets_by_expiry ON subscription_secrets (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  outbound_event_id TEXT NOT NULL,
  event TEXT NOT NULL,
  -- pending, sending, delivered, failed, skipped or canceled. Not checked here: SQLite builds the list anew for every row
  -- that is written, which made each of a delivery's three writes half as dear again.
  status TEXT NOT NULL,
  reason TEXT,
  waiting_for TEXT,
  due_at BIGINT NOT NULL,
  -- Attempts made, and how many of them count on the retry ladder.
  attempts BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  -- Attempts in a row that a crash cut off.
  interruptions BIGINT NOT NULL,
  -- The plain signature is made with the newest secret: the old one was refused.
  prefers_newest SMALLINT NOT NULL,
  -- What it was before a replay, as JSON: what a failed replay goes back to.
  replay_from TEXT,
  -- Rises with each claim: an outcome of an older claim changes nothing.
  epoch BIGINT NOT NULL,
  claimed_by TEXT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (subscription_id, due_at) WHERE status = 'pending';
CREATE INDEX deliveries_sending ON deliveries (claimed_by) WHERE status = 'sending';
CREATE INDEX deliveries_failed ON deliveries (environment_id, id) WHERE status = 'failed';
CREATE INDEX deliveries_by_event ON deliveries (outbound_event_id);
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, id);
CREATE INDEX deliveries_by_environment ON deliveries (environment_id, id);

-- Their ids (`att_…`) follow from delivery and number.
CREATE TABLE attempts (
  delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  verdict TEXT NOT NULL,
  error TEXT,
  request_headers TEXT,
  response_status BIGINT,
  response_headers TEXT,
  response_body BYTEA,
  timings TEXT,
  PRIMARY KEY (delivery_id, number)
);

-- The subscriptions that an event with very many was matched with, as of its commit; shared by all events of a type
-- until a subscription changes.
CREATE TABLE fan_out_sets (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  subscription_ids TEXT NOT NULL,
  used_at BIGINT NOT NULL
);

-- The bodies that are still there, oldest first, for the purge.
CREATE INDEX outbound_events_with_body ON outbound_events (created_at) WHERE body IS NOT NULL;
