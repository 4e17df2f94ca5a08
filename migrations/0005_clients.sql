-- What callers repeat, and what they sent in vain.

-- One row for each `Idempotency-Key` in use: written together with the change that its request made, and with the
-- change's result, until the answer that was made of it takes its place. Both are sealed: they may show a secret.
CREATE TABLE idempotency_claims (
  -- A keyed hash of environment, principal and key.
  key_hash TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  -- A keyed hash of method, path and body.
  request_hash TEXT NOT NULL,
  result_sealed TEXT,
  answer_sealed TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_claims_by_age ON idempotency_claims (created_at);

-- Events that were not accepted, one by one, whatever became of the request that brought them. No properties.
CREATE TABLE refused_events (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  -- 'event', 'batch', 'cloudevents' or 'segment'.
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  -- As far as they could be read.
  event_id TEXT,
  event_type TEXT,
  user_id TEXT,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  details TEXT
);
CREATE INDEX refused_events_by_environment ON refused_events (environment_id, id);
CREATE INDEX refused_events_by_age ON refused_events (at);
