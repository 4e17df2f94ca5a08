-- How deliveries went, by hour, and the daily digest of it: attempts are gone a day after the end of their delivery.

CREATE TABLE delivery_hours (
  -- A subscription; or an environment, as a whole and without the events of the operations family.
  subject TEXT NOT NULL,
  hour_at BIGINT NOT NULL,
  environment_id TEXT NOT NULL,
  -- Attempts that came through, attempts that failed, deliveries that failed for good.
  delivered BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  exhausted BIGINT NOT NULL,
  -- All that was counted, by quarters of the hour: no time zone lies between two of them.
  quarters TEXT NOT NULL,
  -- The last failure of each cause, and the slowest attempt.
  notable TEXT NOT NULL,
  PRIMARY KEY (subject, hour_at)
);
CREATE INDEX delivery_hours_by_time ON delivery_hours (hour_at);

-- One for each workspace and local date, written with what it announces: none is made twice.
CREATE TABLE digests (
  workspace_id TEXT NOT NULL,
  -- The local date that it covers.
  covered TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  -- Null for the first row of a workspace, from which the next one counts: nothing was told.
  headline TEXT,
  mails BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, covered)
);
CREATE INDEX digests_by_time ON digests (workspace_id, until_at);
CREATE INDEX digests_made ON digests (made_at);

-- When and how a workspace wants its digest; null is as the settings say.
ALTER TABLE workspaces ADD COLUMN digest_at TEXT;
ALTER TABLE workspaces ADD COLUMN digest_zone TEXT;
ALTER TABLE workspaces ADD COLUMN digest_mail TEXT;
