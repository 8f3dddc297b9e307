-- The port Queue. A message that was received too often moves to the dead.
create table queue_message (
  message_id bigint generated always as identity primary key,
  queue text not null,
  visible_ms bigint not null,
  receives int not null default 0,
  body text not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index queue_message_visible on queue_message (queue, visible_ms);

create table queue_dead (
  message_id bigint primary key,
  queue text not null,
  died_ms bigint not null,
  body text not null
);
create index queue_dead_queue on queue_dead (queue, message_id);
