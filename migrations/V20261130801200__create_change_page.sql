-- Where the pages of readers end that began where: the same request gets the page that was paid.
create table change_page (
  payer_id bigint not null,
  filter bytea not null,           -- a hash
  from_position bigint not null,   -- before the page
  to_position bigint not null,     -- its last
  primary key (payer_id, filter, from_position)
) with (fillfactor = 100);
create index change_page_end on change_page (to_position);
