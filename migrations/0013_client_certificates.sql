-- Who we are to one receiver, and whom it has to be believed by.

-- Subject, issuer, fingerprint and end of the client certificate and of the authorities, as JSON: what people may see.
ALTER TABLE subscriptions ADD COLUMN tls TEXT;
-- The same as PEM with the private key, as JSON, sealed.
ALTER TABLE subscriptions ADD COLUMN tls_sealed TEXT;
-- When the client certificate ends.
ALTER TABLE subscriptions ADD COLUMN tls_ends_at BIGINT;

CREATE INDEX subscriptions_by_tls_end ON subscriptions (tls_ends_at) WHERE tls_ends_at IS NOT NULL;
