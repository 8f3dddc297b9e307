-- Who pays.
create table account (
  account_id bigint generated always as identity primary key,
  name text not null unique,
  created_ms bigint not null
);

-- Of a key's secret only HMAC-SHA256(pepper, secret) is stored.
create table api_key (
  key_id bigint generated always as identity primary key,
  account_id bigint not null references account,
  mac bytea not null unique,
  last_four text not null,
  realm smallint not null,         -- 1 live, 2 test
  scopes text[] not null,
  created_ms bigint not null,
  revoked_ms bigint
);
create index api_key_account on api_key (account_id);
