-- How the words of a run's search index are folded: search::Folding. Runs that were loaded before
-- there were versions have the first.
alter table run add column folding smallint not null default 1;
