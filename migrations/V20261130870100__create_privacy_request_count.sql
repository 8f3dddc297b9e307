-- How many privacy requests were made of an account, from a client address, and of both, in a UTC day.
create table privacy_request_count (
  day int not null,                -- days since 1970
  subject_mac bytea not null,      -- the first 16 bytes of an HMAC-SHA256 of the account, the address or both, and the day
  requests int not null,
  primary key (day, subject_mac)
) with (fillfactor = 80);
