-- What was used of each class in each epoch (a minute, model::Epoch), by payer: it decides the next price,
-- and is kept for a few hours.
create table class_use (
  epoch bigint not null,
  class smallint not null,         -- model::PriceClass
  payer_id bigint not null,
  paid bigint not null,            -- units of the class's capacity in posted charges
  primary key (epoch, class, payer_id)
) with (fillfactor = 50);

-- Requests that rate limits refused, each once for a payer in an epoch.
create table refused_request (
  epoch bigint not null,
  class smallint not null,
  payer_id bigint not null,
  request bytea not null,          -- a hash of what was asked
  units bigint not null,           -- of the class's capacity, that it would have taken
  primary key (epoch, class, payer_id, request)
);
