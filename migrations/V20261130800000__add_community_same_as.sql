-- A group of people that is the same on several levels is one community, the coarsest: the last level that it
-- is on; and, in the rows of the finer ones, which community stands for them. Null where a run was loaded before.
alter table community add column last_level smallint, add column same_as bigint;
