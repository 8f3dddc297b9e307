-- A connection plans the statements of this function once, and the first charge finds an empty table: without
-- this it read the whole table for each charge from then on.
alter function charge_wallet(charge, bytea[]) set enable_seqscan = off;
