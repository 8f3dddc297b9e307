//! The driver behind Lambda's Runtime API.

use std::fmt::Display;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{DrivenBatch, MessageOutcome, QueueBatch, QueueMessage, drive, drive_whole};
use crate::FunctionFailure;
use crate::metrics::{self, FunctionMetric, MetricUnit};

/// Answers one invocation: drives its batch and reports the outcomes as metrics of `function`.
pub async fn serve<E: Display>(
    function: &str,
    batch: QueueBatch,
    left: Duration,
    handle: impl AsyncFn(&QueueMessage) -> MessageOutcome,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> Result<Value, FunctionFailure> {
    let began = Instant::now();
    let time_left = || left.saturating_sub(began.elapsed());
    let driven = drive(batch, time_left, handle, release).await;
    report(function, &driven, began.elapsed());
    Ok(json!(driven.failures))
}

/// As [`serve`], for a handler that is given all messages at once: see [`drive_whole`].
pub async fn serve_whole<E: Display>(
    function: &str,
    batch: QueueBatch,
    left: Duration,
    handle: impl AsyncFn(&[QueueMessage]) -> Vec<MessageOutcome>,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> Result<Value, FunctionFailure> {
    let began = Instant::now();
    let time_left = || left.saturating_sub(began.elapsed());
    let driven = drive_whole(batch, time_left, handle, release).await;
    report(function, &driven, began.elapsed());
    Ok(json!(driven.failures))
}

fn report(function: &str, driven: &DrivenBatch, took: Duration) {
    let count = |name, value| FunctionMetric { name, unit: MetricUnit::Count, value };
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let counts = [
        count("Done", driven.done),
        count("Retried", driven.retried),
        count("Poisoned", driven.poisoned),
        FunctionMetric { name: "Duration", unit: MetricUnit::Milliseconds, value: took_ms },
    ];
    metrics::report(function, &counts);
}
