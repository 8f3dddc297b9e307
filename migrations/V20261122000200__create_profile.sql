-- Every profile ever seen, crawled or not. An erased one keeps its row and its number, with the
-- native id replaced by 'erased:' and a hash of it.
create table ident (
  platform_id smallint not null,
  native_id text collate "C" not null,
  profile_id bigint not null,      -- never changes
  handle text,                     -- as it was when first seen; the profile has the current one
  primary key (platform_id, native_id)
) partition by list (platform_id);
create index ident_profile on ident (profile_id);

-- Profiles that were crawled, imported or erased. Written only when the content differs, so what
-- changes with every crawl is in `frontier`.
create table profile (
  profile_id bigint not null primary key,
  handle text,
  display_name text,
  bio text,
  avatar_url text,
  url text,
  local_id text,                   -- what its host alone calls it
  followers int,
  following int,
  posts int,
  kind smallint not null,          -- model::PersonKind
  consent smallint not null,       -- bits of model::Consent
  gone smallint not null,          -- 0 there, else model::Gone; 4 opted out with us, for good
  created_ms bigint,
  content_hash bigint not null     -- of all of the above and the claims
) partition by range (profile_id);
create index profile_handle on profile (lower(handle) text_pattern_ops);

-- What profiles say of their other accounts.
create table identity_claim (
  profile_id bigint not null,
  kind smallint not null,          -- 1 account, 2 website
  platform_id smallint not null,   -- of an account; 0 for a website
  target text collate "C" not null,
  primary key (profile_id, kind, platform_id, target)
);

-- Profiles whose person is not their own. The person of every other profile has its number.
create table person_member (
  profile_id bigint primary key,
  person_id bigint not null
);
create index person_member_person on person_member (person_id);

-- Erased profiles whose raw pages are still to be deleted.
create table erasure (
  profile_id bigint primary key,
  at_ms bigint not null
);
