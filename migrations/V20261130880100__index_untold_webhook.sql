create index webhook_untold on webhook (untold_ms) where untold_ms is not null;
