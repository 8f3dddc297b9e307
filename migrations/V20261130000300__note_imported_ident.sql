-- The transaction in which a profile that crawls had seen was named by a bulk file: it is listed from
-- then on, and the next snapshot must say so. Null: never, or from the first.
alter table ident add column imported_xid xid8;

create function note_imported_ident() returns trigger language plpgsql as $$
begin
  new.imported_xid := pg_current_xact_id();
  return new;
end $$;
create trigger ident_imported before update of imported on ident
  for each row when (new.imported and not old.imported) execute function note_imported_ident();
