-- A snapshot that is made from its parent reads the profiles that changed since, in this order.
create index profile_changed on profile (changed_xid, profile_id) where changed_xid is not null;
