-- Since when a subscription is paused, and how often it was probed since.

ALTER TABLE subscriptions ADD COLUMN paused_since BIGINT;
ALTER TABLE subscriptions ADD COLUMN probes BIGINT NOT NULL DEFAULT 0;
