-- The ledger: every movement of credits, once and for ever. Amounts are micro-credits: 10^-6 credits.
-- A line moves its amount from the account `debit` to the account `credit`:
-- 1 cash, 2 promotion, 3 customer (one for each payer), 4 revenue, 5 breakage, 6 refunds.
create table transfer (
  transfer_id text collate "C" primary key,     -- model::TransferId; of a charge the charge's id
  payer_id bigint not null,
  debit smallint not null,
  credit smallint not null check (debit <> credit),
  amount bigint not null check (amount >= 0),
  event_ms bigint not null,
  posted_ms bigint not null,
  key_id bigint,                   -- of a charge only, as are the next columns
  route text,
  usage jsonb,
  price_version text,
  quote_id bigint,
  draw_grants bigint[],            -- what it took from which grants (credit_grant.grant_number),
  draw_amounts bigint[]            -- in the order of use
);
create index transfer_payer on transfer (payer_id, posted_ms, transfer_id);

-- Sums of a payer's transfers; written in the transaction that writes the lines.
create table ledger_payer (
  payer_id bigint primary key,     -- account.account_id
  lines bigint not null default 0,
  paid bigint not null default 0,          -- cash to customer
  promoted bigint not null default 0,      -- promotion to customer
  refunded bigint not null default 0,      -- refunds to customer
  charged bigint not null default 0,       -- customer to revenue
  expired bigint not null default 0,       -- customer to breakage
  check (paid + promoted + refunded >= charged + expired)
) with (fillfactor = 50);

create table credit_grant (
  grant_number bigint generated always as identity primary key,
  grant_id text collate "C" not null unique,    -- what it was given for
  payer_id bigint not null,
  kind smallint not null,          -- 1 promotional, 2 paid
  priority smallint not null,
  effective_ms bigint not null,
  expires_ms bigint,
  amount bigint not null check (amount > 0),
  remaining bigint not null check (remaining between 0 and amount),
  in_wallet boolean not null,
  expiries int not null,
  recorded_ms bigint not null
) with (fillfactor = 50);
create index credit_grant_payer on credit_grant (payer_id);
create index credit_grant_late on credit_grant (recorded_ms, grant_id) where not in_wallet;
create index credit_grant_expiring on credit_grant (expires_ms, grant_id) where expires_ms is not null;

-- What moved in a payer's account in a month.
create table statement (
  payer_id bigint not null,
  month int not null,              -- 12 * year + month - 1
  lines bigint not null,
  opening bigint not null,
  credited bigint not null,
  debited bigint not null,
  closing bigint not null check (closing = opening + credited - debited),
  previous_root bytea not null,
  root bytea not null,
  primary key (payer_id, month)
);

-- What the auditor found each time it compared wallets and ledger.
create table reconciliation (
  reconciliation_id bigint generated always as identity primary key,
  at_ms bigint not null,
  payers bigint not null,          -- how many were compared
  differing bigint not null,       -- how many of them differ
  difference numeric not null,     -- the sum of the absolute differences
  report jsonb not null
);
