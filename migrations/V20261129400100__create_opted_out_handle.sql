-- Handles that were opted out by name: who bears one is erased as soon as it is seen. The native ids
-- of those who opted out are in `ident`, as those of all who are erased.
create table opted_out_handle (
  platform_id smallint not null,
  handle_hash bytea not null,      -- the first 16 bytes of a BLAKE3 hash of the handle in lower case
  primary key (platform_id, handle_hash)
);
