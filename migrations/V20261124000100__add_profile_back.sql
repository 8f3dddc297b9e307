-- When a profile that was gone came back. The lists of others named it all along and did not change,
-- so the next snapshot cannot be made of what changed alone.
alter table profile add column back_xid xid8;  -- null: never
