//! The driver behind Lambda's Runtime API.

use std::fmt::Display;

use serde_json::{Value, json};

use super::{DrivenBatch, MessageOutcome, QueueBatch, QueueMessage, drive};
use crate::metrics::{self, FunctionMetric, MetricUnit};
use crate::{FunctionFailure, clock};

/// Answers one invocation: drives its batch and reports the outcomes as metrics of `function`.
pub async fn serve<E: Display>(
    function: &str,
    batch: QueueBatch,
    left: std::time::Duration,
    handle: impl AsyncFn(&QueueMessage) -> MessageOutcome,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> Result<Value, FunctionFailure> {
    let began = tokio::time::Instant::now();
    let time_left = || left.saturating_sub(began.elapsed());
    let driven = drive(batch, time_left, handle, release).await;
    report(function, &driven, began.elapsed());
    Ok(json!(driven.failures))
}

fn report(function: &str, driven: &DrivenBatch, took: std::time::Duration) {
    let count = |name, value| FunctionMetric { name, unit: MetricUnit::Count, value };
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let counts = [
        count("Done", driven.done),
        count("Retried", driven.retried),
        count("Poisoned", driven.poisoned),
        FunctionMetric { name: "Duration", unit: MetricUnit::Milliseconds, value: took_ms },
    ];
    println!("{}", metrics::line(function, clock::now_ms(), &counts));
}
