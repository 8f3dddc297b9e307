-- Prices that were promised. What is set aside for a quote is the credit lease with its number.
create table quote (
  quote_id bigint primary key,
  payer_id bigint not null,
  class smallint not null,         -- model::PriceClass: that of the cap
  epoch bigint not null,           -- the epoch in which it was issued
  units bigint not null check (units >= 0),        -- of the class's capacity, in the cap
  cap jsonb not null,              -- model::Usage
  price_version text not null,
  price_index bigint not null,     -- 32 fractional bits: the one that is locked
  issued_ms bigint not null,
  expires_ms bigint not null,
  max_total bigint not null
);
create index quote_issued on quote (epoch, class) include (units);
create index quote_payer on quote (payer_id, expires_ms);
create index quote_expires on quote (expires_ms);
