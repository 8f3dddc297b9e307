-- The words of a community's labels, folded as its run says; null where a run was loaded before.
alter table community add column label_words text[];
