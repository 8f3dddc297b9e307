-- What people call a key, the most that it may spend on a UTC day (micro-credits), and the secret that it had
-- before its last rotation, which opens it until `old_until_ms`.
alter table api_key
  add column name text not null default '',
  add column daily_cap bigint not null default 10000000000 check (daily_cap >= 0),
  add column old_mac bytea unique,
  add column old_last_four text,
  add column old_until_ms bigint;
