-- Events from before have the order in which they were read until now.
insert into change_sequence (last_position, last_seq, first_seq, day, xid)
select sum(u.last_seq - u.first_seq + 1) over (order by u.xid, u.day), u.last_seq, u.first_seq, u.day, u.xid
from (select max(c.seq) last_seq, min(c.seq) first_seq, c.day, c.xid from change_log c
  where not exists (select from change_waiting w where w.xid = c.xid) group by c.day, c.xid) u;
insert into change_head (head, floor) select coalesce(max(last_position), 0), 0 from change_sequence;
