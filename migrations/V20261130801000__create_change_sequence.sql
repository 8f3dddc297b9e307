-- One order of all events. Each statement that writes some notes where they are. A sequencer gives them positions
-- as it finds them committed, so a transaction that ends late comes late: nothing is ever put before what was read.
create table change_waiting (
  last_seq bigint primary key,     -- change_log.seq
  first_seq bigint not null,
  day int not null,
  xid xid8 not null
) with (autovacuum_vacuum_scale_factor = 0.02);

-- The event of number s has the position last_position - (last_seq - s). Rows never change.
create table change_sequence (
  last_position bigint primary key,
  last_seq bigint not null,
  first_seq bigint not null,
  day int not null,
  xid xid8 not null
) with (fillfactor = 100);
create index change_sequence_day on change_sequence (day, last_position);

-- Without its row nothing is sequenced.
create table change_head (
  one boolean primary key default true check (one),
  head bigint not null,            -- the last position that was given; none is given twice
  floor bigint not null check (floor <= head)  -- up to here events are not kept any more
) with (fillfactor = 50);

create function note_changes() returns trigger language plpgsql as $$
begin
  insert into change_waiting (last_seq, first_seq, day, xid)
    select max(w.seq), min(w.seq), w.day, w.xid from written w group by w.day, w.xid;
  return null;
end $$;
create trigger note_changes after insert on change_log referencing new table as written
  for each statement execute function note_changes();

-- Gives positions to at most so many statements' events, in the order of their last numbers: who saw what another
-- wrote has drawn a later number. One caller at a time; others read what there is.
create function sequence_changes(most int) returns table (floor bigint, head bigint) language plpgsql as $$
declare
  known bigint;
begin
  if exists (select from change_waiting) then
    select h.head into known from change_head h for update skip locked;
    if known is not null then
      -- Readers keep positions: what was given must last, whatever the setting is.
      perform set_config('synchronous_commit', 'on', true);
      with taken as (
        delete from change_waiting w where w.last_seq = any (array(
          select n.last_seq from change_waiting n order by n.last_seq limit most))
        returning w.last_seq, w.first_seq, w.day, w.xid
      ), placed as (
        insert into change_sequence (last_position, last_seq, first_seq, day, xid)
        select known + sum(t.last_seq - t.first_seq + 1) over (order by t.last_seq), t.last_seq, t.first_seq,
          t.day, t.xid from taken t
        returning last_position
      )
      update change_head set head = p.last from (select max(n.last_position) last from placed n) p
        where p.last is not null;
    end if;
  end if;
  return query select h.floor, h.head from change_head h;
end $$;
