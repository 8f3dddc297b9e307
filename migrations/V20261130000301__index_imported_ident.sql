-- A snapshot that is made from its parent reads the profiles that were named since, in this order.
create index ident_imported on ident (imported_xid, profile_id) where imported_xid is not null;
