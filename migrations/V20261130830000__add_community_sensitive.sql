-- What a community is about that is sensitive, a bit for each model::sensitive::SensitiveTopic. 0 where a
-- run was loaded before; then its labels are read.
alter table community add column sensitive bigint not null default 0;
