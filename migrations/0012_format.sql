-- What is sent, made to fit who receives it.

-- The whole address, sealed, where its path is a credential; `endpoint` is then the masked one that people may see.
ALTER TABLE subscriptions ADD COLUMN endpoint_sealed TEXT;
-- How it is signed, as JSON; null is by Hatch's own headers.
ALTER TABLE subscriptions ADD COLUMN signature TEXT;
-- What a made secret begins with; null is as the installation says.
ALTER TABLE subscriptions ADD COLUMN secret_prefix TEXT;
-- A condition over the event.
ALTER TABLE subscriptions ADD COLUMN event_filter TEXT;
-- What makes the body. Sealed: a receiver may want its credential there.
ALTER TABLE subscriptions ADD COLUMN payload_sealed TEXT;
ALTER TABLE subscriptions ADD COLUMN content_type TEXT;
-- A receiver that is known by name, as JSON.
ALTER TABLE subscriptions ADD COLUMN preset TEXT;

-- Size and digest of a body that was made for the receiver, as JSON; null where the event's own was sent.
ALTER TABLE attempts ADD COLUMN request_body TEXT;
