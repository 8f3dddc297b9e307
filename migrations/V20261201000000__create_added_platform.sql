-- Platforms that this installation added: those of manifests that were given while it runs. Numbers are part of
-- profile ids, so a row is never changed or deleted; up to 127 they are given out by releases.
create table added_platform (
  number smallint primary key check (number between 128 and 255),  -- model::Platform::number
  slug text collate "C" not null unique,
  listing smallint not null,       -- model::platform::Listing
  handles smallint not null,       -- model::platform::HandleForm
  minted_ms bigint not null
);

create function refuse_platform_change() returns trigger language plpgsql as $$
begin
  raise exception 'the number of a platform is part of ids: rows of added_platform stay as they are';
end $$;

create trigger added_platform_stays before update or delete or truncate on added_platform
  for each statement execute function refuse_platform_change();
