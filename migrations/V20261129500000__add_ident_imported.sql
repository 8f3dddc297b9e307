-- Whether a bulk file of the operator named it: such a profile is listed although nobody has read it, on
-- platforms that list only those who said yes too. Never taken back. Kept only where that matters.
alter table ident add column imported boolean not null default false;
-- Whoever a crawl has seen is in the frontier. 3 is the fediverse.
update ident i set imported = true where i.platform_id = 3
  and not exists (select from frontier f where f.profile_id = i.profile_id);
