-- People and what they sign in with, roles by environment, invitations, credentials for browsers, and who acted as whom.

ALTER TABLE workspaces ADD COLUMN suspended_at BIGINT;
ALTER TABLE workspaces ADD COLUMN suspended_reason TEXT;
ALTER TABLE workspaces ADD COLUMN deleted_at BIGINT;
-- The roles that must have a second factor, parted by commas.
ALTER TABLE workspaces ADD COLUMN factor_roles TEXT NOT NULL DEFAULT '';

-- An empty password_hash is no password: whoever came by an identity provider only.
ALTER TABLE accounts ADD COLUMN name TEXT;
ALTER TABLE accounts ADD COLUMN disabled_at BIGINT;
ALTER TABLE accounts ADD COLUMN must_change_password SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN password_changed_at BIGINT;
-- Rises when a password, a role or a factor changes: sessions of an older one are over.
ALTER TABLE accounts ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN totp_secret TEXT;
ALTER TABLE accounts ADD COLUMN totp_confirmed_at BIGINT;
-- The last time step that was used: a code is good once.
ALTER TABLE accounts ADD COLUMN totp_last_step BIGINT;
-- A local account that may sign in though an identity provider is required.
ALTER TABLE accounts ADD COLUMN break_glass SMALLINT NOT NULL DEFAULT 0;

-- `role` holds in `test` and for the workspace itself; in `live` this one, where it is set.
ALTER TABLE memberships ADD COLUMN live_role TEXT;
CREATE INDEX memberships_by_workspace ON memberships (workspace_id);

CREATE TABLE recovery_codes (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  hash TEXT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (account_id, hash)
);

CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_account ON identities (account_id);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  -- Of the opaque part that renews it; changed at every renewal.
  refresh_hash TEXT NOT NULL UNIQUE,
  -- The one before it: two tabs that renew at once both get in, a thief who comes later ends the session.
  previous_refresh_hash TEXT,
  refreshed_at BIGINT,
  account_epoch BIGINT NOT NULL,
  -- password, oidc, recovery
  method TEXT NOT NULL,
  factor SMALLINT NOT NULL,
  device TEXT,
  address TEXT,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  end_reason TEXT
);
CREATE INDEX sessions_by_previous ON sessions (previous_refresh_hash) WHERE previous_refresh_hash IS NOT NULL;
CREATE INDEX sessions_by_account ON sessions (account_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Mailed links: reset, email_old, email_new. Single use, kept as a hash.
CREATE TABLE account_links (
  token_hash TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  -- The new address of a change.
  email TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX account_links_by_account ON account_links (account_id, kind);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  live_role TEXT,
  token_hash TEXT NOT NULL UNIQUE,
  invited_by TEXT NOT NULL,
  -- How often it was sent: nobody's mailbox is filled by us.
  sends BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX invitations_by_workspace ON invitations (workspace_id, id);

-- Who gets a workspace's notices.
CREATE TABLE contacts (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  -- technical, security, billing, on_call
  kind TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, email)
);

CREATE TABLE impersonations (
  id TEXT PRIMARY KEY,
  operator_id TEXT NOT NULL REFERENCES accounts (id),
  account_id TEXT NOT NULL REFERENCES accounts (id),
  session_id TEXT NOT NULL REFERENCES sessions (id),
  reason TEXT NOT NULL,
  read_only SMALLINT NOT NULL,
  started_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX impersonations_by_session ON impersonations (session_id);

-- `kind` secret or publishable. A key outlives who made it: its owner can be named anew.
ALTER TABLE api_keys ADD COLUMN kind TEXT NOT NULL DEFAULT 'secret';
ALTER TABLE api_keys ADD COLUMN origins TEXT;
ALTER TABLE api_keys ADD COLUMN event_types TEXT;
ALTER TABLE api_keys ADD COLUMN owned_by TEXT;
CREATE INDEX api_keys_publishable ON api_keys (id) WHERE kind = 'publishable';
CREATE INDEX api_keys_by_owner ON api_keys (owned_by) WHERE owned_by IS NOT NULL;

-- Tokens of one member's browser: the signature is checked first, this row on every use.
CREATE TABLE widget_sessions (
  id TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  -- widget or embed
  kind TEXT NOT NULL,
  user_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  origin TEXT,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX widget_sessions_by_member ON widget_sessions (environment_id, user_id, id);
CREATE INDEX widget_sessions_by_expiry ON widget_sessions (expires_at);
CREATE INDEX widget_sessions_by_origin ON widget_sessions (origin, expires_at) WHERE origin IS NOT NULL;

-- What tokens are signed with, sealed. The newest signs; a retired one verifies until its tokens have run out.
CREATE TABLE token_keys (
  id TEXT PRIMARY KEY,
  secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  retired_at BIGINT
);

-- As whom it was done, where a person acted for another; part of the digest where it is set.
ALTER TABLE audit_entries ADD COLUMN as_whom TEXT;
CREATE INDEX audit_entries_by_target ON audit_entries (workspace_id, target, sequence);
CREATE INDEX audit_entries_by_request ON audit_entries (workspace_id, request_id, sequence);
-- Those whose details are still there: dropped when they are old, without a look at the rest.
CREATE INDEX audit_details_by_time ON audit_entries (at) WHERE details IS NOT NULL;

-- Signed from time to time: whoever keeps one finds a chain that was cut back together with its head. Each names the one
-- before it, so that none can be changed or taken from the middle.
CREATE TABLE audit_checkpoints (
  number BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  -- Of the chains that grew since the one before.
  heads TEXT NOT NULL,
  previous TEXT NOT NULL,
  signature TEXT NOT NULL
);

-- How far each chain was signed (`checkpoint`) and given to the stream (`stream`).
CREATE TABLE audit_marks (
  mark TEXT NOT NULL,
  chain TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (mark, chain)
);

-- Sessions that an identity provider vouches for. Asked again at every renewal: who was removed there is out here.
CREATE TABLE oidc_sessions (
  session_id TEXT PRIMARY KEY REFERENCES sessions (id),
  -- Sealed; null where the provider gave none.
  refresh_token TEXT,
  checked_at BIGINT NOT NULL
);
