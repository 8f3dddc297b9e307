-- What a key was ordered as, so that the same order makes one key: null where nothing was said.
alter table api_key add column order_id text unique;
