create index spend_alert_by_payer on spend_alert (payer_id, alert_id);
