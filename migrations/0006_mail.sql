-- What changes have to say to people by mail: one row for each recipient, written in the change's own transaction.

CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  -- Null where it is about the installation itself.
  workspace_id TEXT,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- Sealed: it may hold a link that lets in whoever has it. Null once there is nothing left to send.
  content_sealed TEXT,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'expired')),
  -- Tries begun, and how many of them count on the retry ladder. A try is counted before its connection opens.
  attempts BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  -- When it is tried next; while it is being tried, when another may take it over.
  due_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- Given with the first try, the same on every later one.
  message_id TEXT,
  last_error TEXT,
  claimed_by TEXT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX mails_due ON mails (due_at) WHERE state = 'waiting';
CREATE INDEX mails_by_state ON mails (state, id);
CREATE INDEX mails_ended ON mails (ended_at) WHERE ended_at IS NOT NULL;
