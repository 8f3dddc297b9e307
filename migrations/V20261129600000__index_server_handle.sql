-- Claims of kind 3: the handle of a profile at its own server, where others know it by another. Both
-- find it.
create index identity_claim_server_handle on identity_claim (target, profile_id) where kind = 3;
