-- What is disabled is said to the other webhooks of its payer, by a delivery that has no range of changes.
alter table webhook add column untold_ms bigint;  -- when it was disabled, until the others have heard
alter table webhook_delivery add column is_notice boolean not null default false;
