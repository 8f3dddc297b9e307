-- Profile ids are 8 bits of platform and 45 bits of sequence. A platform has partitions of its own
-- from the first profile on: `ident` by list, everything keyed by profile id by range.
create table platform_seq (
  platform_id smallint primary key check (platform_id between 1 and 255),  -- model::Platform::number
  next_seq bigint not null                                                 -- taken in blocks, never reused
);

-- Ids that are minted for other nouns: 'community', 'snapshot', 'run'. Never reused.
create table minted (
  noun text primary key,
  next_id bigint not null
);
insert into minted values ('community', 1), ('snapshot', 1), ('run', 1);
