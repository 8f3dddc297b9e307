-- Partitions are made alone and then attached, so that no reader ever waits.
create function attach_alone(parent text, suffix text, bounds text, options text) returns void
language plpgsql as $$
begin
  execute format('create table %I (like %I including defaults including storage including constraints) with (%s)',
    parent || '_' || suffix, parent, options);
  execute format('alter table %I attach partition %I for values %s', parent, parent || '_' || suffix, bounds);
end $$;

create function open_platform(p smallint) returns void language plpgsql as $$
declare
  ids text := format('from (%s) to (%s)', p::bigint << 45, (p::bigint + 1) << 45);
begin
  perform pg_advisory_xact_lock(20261122, p);
  if exists (select from platform_seq where platform_id = p) then return; end if;
  perform attach_alone('ident', p::text, format('in (%s)', p), 'fillfactor = 90');
  perform attach_alone('profile', p::text, ids, 'fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02');
  perform attach_alone('frontier', p::text, ids,
    'fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0');
  perform attach_alone('adjacency', p::text, ids, 'fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02');
  insert into platform_seq values (p, 1);
end $$;

create function open_day(d int) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(20261123, d);
  if to_regclass('change_log_' || d) is null then
    perform attach_alone('change_log', d::text, format('in (%s)', d), 'fillfactor = 100');
  end if;
end $$;
