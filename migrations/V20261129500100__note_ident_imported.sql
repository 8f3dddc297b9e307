-- Whoever a crawl has seen is in the frontier; the others came from bulk files. 3 is the fediverse.
update ident i set imported = true where i.platform_id = 3
  and not exists (select from frontier f where f.profile_id = i.profile_id);
