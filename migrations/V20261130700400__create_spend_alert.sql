-- Thresholds that payers set on their balance and spending; each once.
create table spend_alert (
  alert_id bigint generated always as identity primary key,
  payer_id bigint not null,
  kind smallint not null,          -- model::AlertKind
  threshold bigint not null,
  created_ms bigint not null,
  fired_ms bigint,                 -- null: it is armed
  unique (payer_id, kind, threshold)
);
