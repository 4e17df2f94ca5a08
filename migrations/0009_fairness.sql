-- What holds a subscription back although it is active: its rate limit, or the endpoint's own wish.

CREATE TABLE subscription_holds (
  subscription_id TEXT PRIMARY KEY,
  -- What went out within the time of the rate limit: pairs of time and count as JSON, oldest first. Written with the
  -- claim, so that a restart begins where the last life of the process ended.
  taken TEXT NOT NULL DEFAULT '[]',
  -- The endpoint asked to be left alone until then (Retry-After).
  held_until BIGINT
);
