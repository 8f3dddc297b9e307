-- Addresses that hear when there is something new in the change stream for their filter.
create table webhook (
  webhook_id bigint generated always as identity primary key,
  payer_id bigint not null,
  name text collate "C" not null,
  url text not null,
  filter jsonb not null,           -- model::ChangeFilter
  position bigint not null,        -- up to here it was looked for events
  announced_position bigint not null,  -- where the range of the last delivery ended
  secret bytea not null,           -- sealed: store::WebhookSealer
  old_secret bytea,                -- signs, too, until old_until_ms
  old_until_ms bigint,
  created_ms bigint not null,
  updated_ms bigint not null,
  looked_ms bigint not null,       -- when it was last looked for events
  failing_ms bigint,               -- since when no attempt succeeded
  disabled_ms bigint,
  disabled_why smallint,           -- model::webhook::DisabledWhy
  unique (payer_id, name)
) with (fillfactor = 50);
create index webhook_looked on webhook (looked_ms) where disabled_ms is null;

-- When a payer last asked for an attempt: a ping, or a delivery again. Its webhooks may be deleted meanwhile.
create table webhook_asking (
  payer_id bigint primary key,
  asked_ms bigint not null
) with (fillfactor = 50);

create table webhook_delivery (
  delivery_id bigint generated always as identity primary key,
  webhook_id bigint not null references webhook on delete cascade,
  from_position bigint,            -- the range of changes; null of a ping
  to_position bigint,
  events int,
  body text not null,              -- what is sent, the same with each attempt; it names no one
  created_ms bigint not null,
  state smallint not null default 1,   -- model::webhook::DeliveryState
  attempts int not null default 0, -- how many began
  tries int not null default 0,    -- how many of them since it was last asked for
  due_ms bigint,                   -- when the next attempt may begin; null if there is none
  wake_ms bigint,                  -- when a message for it is to be sent, for the first time or again
  delivered_ms bigint              -- when an attempt first succeeded
) with (fillfactor = 70);
create index webhook_delivery_log on webhook_delivery (webhook_id, delivery_id);
create index webhook_delivery_wake on webhook_delivery (wake_ms) where wake_ms is not null;
create index webhook_delivery_created on webhook_delivery (created_ms);

create table webhook_attempt (
  delivery_id bigint not null references webhook_delivery on delete cascade,
  number int not null,             -- from 1 on
  began_ms bigint not null,
  took_ms int,                     -- null while it runs, and where its worker died
  status smallint,                 -- of the answer; null if there was none
  error text,
  primary key (delivery_id, number)
) with (fillfactor = 70);
