-- One key for each purpose other than sealing: hashes of event ids, the audit log's signatures and the like. Sealed with
-- the root key, so that they stay when that one is exchanged: what was made with them holds for ever.
CREATE TABLE data_keys (
  purpose TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
