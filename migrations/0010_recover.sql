-- Long work that its callers can see and steer, and the first of it: bringing back what was not delivered.

-- When it was first taken up.
ALTER TABLE jobs ADD COLUMN started_at BIGINT;
CREATE INDEX jobs_by_environment ON jobs (environment_id, kind, id) WHERE environment_id IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- An event that tells of a subscription is never sent to it; one that was made for a single subscription goes to no other.
ALTER TABLE outbound_events ADD COLUMN about_subscription_id TEXT;
ALTER TABLE outbound_events ADD COLUMN sole_subscription_id TEXT;

-- What has ended without having arrived.
CREATE INDEX deliveries_recoverable ON deliveries (subscription_id, id) WHERE ended_at IS NOT NULL AND status <> 'delivered';

-- How far a recovery is with each of its subscriptions.
CREATE TABLE recovery_parts (
  job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  subscription_id TEXT NOT NULL,
  -- deliveries, events or ended.
  phase TEXT NOT NULL,
  -- The last delivery, or the last outbound event, that was looked at.
  walked TEXT NOT NULL,
  -- Between which outbound events some have no delivery; null where none was found.
  events_from TEXT,
  events_to TEXT,
  -- When its next delivery may be due.
  next_at BIGINT NOT NULL,
  total BIGINT NOT NULL,
  done BIGINT NOT NULL,
  -- Why it ended before its time.
  reason TEXT,
  PRIMARY KEY (job_id, subscription_id)
);
CREATE INDEX recovery_parts_due ON recovery_parts (job_id, next_at) WHERE phase <> 'ended';
CREATE INDEX recovery_parts_open ON recovery_parts (subscription_id, job_id) WHERE phase <> 'ended';
