-- When each host first has something to be asked for, kept so that a tick reads the hosts it returns
-- and no others. `wake_ms` is never later than the truth: the due_at of the host's first profile, or
-- the end of its pause if that is later. Whoever makes something due sooner leaves an event, in the same
-- transaction and without a lock; the next tick merges the events, and moves what is too early back.
create table host_wake (
  host_id int primary key,
  wake_ms bigint not null
) with (fillfactor = 70);
create index host_wake_first on host_wake (wake_ms, host_id);
insert into host_wake select host_id, 0 from host;

create table host_wake_event (
  host_id int not null,
  wake_ms bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Triggers, so that a release from before keeps the promise too.
create function tell_wake_of_new() returns trigger language plpgsql as $$
begin
  insert into host_wake_event
    select host_id, min(due_at) * 1000 from entered where due_at is not null group by host_id;
  return null;
end $$;
create trigger frontier_entered after insert on frontier referencing new table as entered
  for each statement execute function tell_wake_of_new();

create function tell_wake_of_sooner() returns trigger language plpgsql as $$
begin
  insert into host_wake_event values (new.host_id, new.due_at * 1000);
  return null;
end $$;
create trigger frontier_sooner after update on frontier for each row
  when (new.due_at < old.due_at or (old.due_at is null and new.due_at is not null)
    or new.host_id <> old.host_id)
  execute function tell_wake_of_sooner();

create function tell_wake_of_worked() returns trigger language plpgsql as $$
begin
  insert into host_wake_event values (new.host_id, 0);
  return null;
end $$;
create trigger host_worked after update on host for each row
  when (new.broken_until_ms < old.broken_until_ms or new.not_before_ms < old.not_before_ms)
  execute function tell_wake_of_worked();
