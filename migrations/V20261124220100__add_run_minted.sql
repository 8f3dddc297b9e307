-- The first of the community ids minted for a run, and how many: never changed once set.
alter table run add column communities_from bigint, add column communities_n int;
