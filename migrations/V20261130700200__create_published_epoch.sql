-- The index of each class in each epoch, with what it follows from: see pricing::history. A client may compute
-- all of it again, so that nothing of it ever changes.
create table published_epoch (
  class smallint not null,         -- model::PriceClass
  epoch bigint not null,           -- model::Epoch
  used bigint not null,            -- 64 bits without a sign, as are the next three
  target bigint not null,
  excess bigint not null,          -- 32 fractional bits
  price_index bigint not null,     -- 32 fractional bits
  hash bytea not null,
  primary key (class, epoch)
);

create trigger published_epoch_never_changes before update or delete or truncate on published_epoch
  for each statement execute function refuse_change();
alter table published_epoch enable always trigger published_epoch_never_changes;
