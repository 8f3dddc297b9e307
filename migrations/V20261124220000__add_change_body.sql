-- What an event says beyond arcs and members: of kind 5, model::rank_change.
alter table change_log add column body bytea;
