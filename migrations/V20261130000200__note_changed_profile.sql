-- The transaction that last wrote a profile: a snapshot reads those that changed since its parent. Null:
-- before this migration. Every snapshot that can be a parent is newer.
alter table profile add column changed_xid xid8;
alter table profile alter column changed_xid set default pg_current_xact_id();

-- A trigger, so that a release from before notes it too.
create function note_changed_profile() returns trigger language plpgsql as $$
begin
  new.changed_xid := pg_current_xact_id();
  return new;
end $$;
create trigger profile_changed before update on profile
  for each row execute function note_changed_profile();
