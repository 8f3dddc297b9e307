-- How many privacy requests were made of an account, and from a client address, in a UTC day.
create table privacy_request_count (
  day int not null,                -- days since 1970
  subject_mac bytea not null,      -- the first 16 bytes of an HMAC-SHA256 of the account or the address, and the day
  requests int not null,
  primary key (day, subject_mac)
) with (fillfactor = 80);
