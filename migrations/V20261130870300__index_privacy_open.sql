-- The operator finds the requests that wait for an answer, and retention those that ended.
create index privacy_open_at on privacy_request (ended_ms nulls first, created_ms);
