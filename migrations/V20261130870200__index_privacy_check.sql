-- The dispatcher finds the requests whose code is to be looked for.
create index privacy_check_at on privacy_request (next_check_ms) where next_check_ms is not null;
