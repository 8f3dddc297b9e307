create function run_tables() returns text[] language sql immutable as
  $$ select array['run_person', 'run_number', 'community', 'standing', 'person_standing', 'evidence', 'term'] $$;

-- Empty tables for a run, standing alone. What is there of an earlier attempt is dropped.
create function open_run(run bigint) returns void language plpgsql as $$
declare t text;
begin
  foreach t in array run_tables() loop
    execute format('drop table if exists %I', t || '_' || run);
    execute format('create table %I (like %I including all, check (run_id = %s))', t || '_' || run, t, run);
  end loop;
end $$;

create function attach_run(run bigint) returns void language plpgsql as $$
declare t text;
begin
  foreach t in array run_tables() loop
    if not exists (select from pg_inherits where inhrelid = to_regclass(t || '_' || run)) then
      execute format('alter table %I attach partition %I for values in (%s)', t, t || '_' || run, run);
    end if;
  end loop;
end $$;
