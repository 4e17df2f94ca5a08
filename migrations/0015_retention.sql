-- What the purges walk by, and what they remember.

-- How far the payloads of each environment's log are gone. By the log's own order: an index on the time of each input would
-- cost every event.
CREATE TABLE input_payload_marks (
  environment_id TEXT PRIMARY KEY,
  sequence BIGINT NOT NULL
);

CREATE INDEX subscriptions_deleted ON subscriptions (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX subscriptions_by_workspace ON subscriptions (workspace_id, id) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_deleted ON workspaces (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_expiring ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX account_links_by_expiry ON account_links (expires_at);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
CREATE INDEX fan_out_sets_by_use ON fan_out_sets (used_at);
CREATE INDEX mails_with_content ON mails (state, expires_at) WHERE content_sealed IS NOT NULL;
CREATE INDEX outbound_events_without_body ON outbound_events (id) WHERE body IS NULL;

-- One job takes the place of those that each took a part.
DELETE FROM jobs WHERE status = 'waiting' AND kind IN (
  'webhooks.retention', 'mail.retention', 'events.purge_refused', 'access.purge_refused_requests', 'access.purge_tokens',
  'access.purge_links', 'journal.purge_idempotency_claims', 'jobs.retention'
);
