-- Lines and statements never change: not even their owner may change, delete or truncate them.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: a correction is a line of its own', tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

create trigger transfer_never_changes before update or delete or truncate on transfer
  for each statement execute function refuse_change();
create trigger statement_never_changes before update or delete or truncate on statement
  for each statement execute function refuse_change();
create trigger reconciliation_never_changes before update or delete or truncate on reconciliation
  for each statement execute function refuse_change();
-- `session_replication_role` does not turn them off either.
alter table transfer enable always trigger transfer_never_changes;
alter table statement enable always trigger statement_never_changes;
alter table reconciliation enable always trigger reconciliation_never_changes;
