-- What payers may spend, and what they were charged. Amounts are micro-credits: 10^-6 credits.
create table wallet (
  payer_id bigint primary key,     -- account.account_id
  available bigint not null default 0 check (available >= 0),
  held bigint not null default 0 check (held >= 0),
  leased bigint not null default 0 check (leased >= 0),
  spent bigint not null default 0 check (spent >= 0),
  funded bigint not null default 0,
  quotes_open int not null default 0 check (quotes_open >= 0),
  status smallint not null default 1,      -- 1 open, 2 no funding, 3 frozen
  check (available + held + leased + spent = funded)
) with (fillfactor = 50);

-- Credits that came or went otherwise than by a charge, each once: by the id of the ledger's transfer.
create table wallet_adjustment (
  payer_id bigint not null,
  transfer_id text collate "C" not null,
  amount bigint not null,          -- below zero: what went
  primary key (payer_id, transfer_id)
);

create table daily_budget (
  payer_id bigint not null,
  key_id bigint not null,
  day int not null,                -- UTC days since 1970
  cap bigint not null,
  spent bigint not null check (spent >= 0),
  primary key (payer_id, key_id, day)
) with (fillfactor = 50);

create table credit_lease (
  payer_id bigint not null,
  lease_id bigint not null,
  purpose smallint not null,       -- 1 process, 2 quote
  size bigint not null check (size > 0),
  unspent bigint not null check (unspent between 0 and size),
  expires_ms bigint not null,
  is_open boolean not null,
  primary key (payer_id, lease_id)
) with (fillfactor = 50);
create index credit_lease_open on credit_lease (expires_ms, payer_id, lease_id) where is_open;

-- Once a charge is served, only its state, posted_ms and replays change.
create table charge (
  payer_id bigint not null,
  charge_id bytea not null,
  state smallint not null,         -- 1 pending, 2 served, 3 posted, 4 void
  replays smallint not null,
  key_id bigint not null,
  route text not null,
  request bytea not null,
  nonce bigint not null,
  run_id bigint,
  usage jsonb not null,
  cost bigint not null check (cost >= 0),
  price_version text not null,
  quote_id bigint,
  lease_id bigint,                 -- of a charge on a lease
  most bigint check (most >= cost),        -- of a charge with a hold, as are attempt and expires_ms
  attempt int,
  expires_ms bigint,
  budget_day int,
  budget_cap bigint,
  opened_ms bigint not null,
  served_ms bigint,
  posted_ms bigint,
  primary key (payer_id, charge_id)
) with (fillfactor = 80);
create index charge_unsettled on charge (payer_id, charge_id) where state in (1, 2);
create index charge_pending on charge (expires_ms, payer_id, charge_id) where state = 1;
create index charge_served on charge (served_ms, payer_id, charge_id) where state = 2;
