-- A snapshot that is made from its parent reads the lists that changed since, in this order.
create index adjacency_changed on adjacency (changed_xid, profile_id, layer, direction);
