-- The retention job deletes the oldest notes of erasures.
create index erasure_at on erasure (at_ms);
