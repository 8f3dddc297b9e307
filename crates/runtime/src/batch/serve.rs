//! The driver behind Lambda's Runtime API.

use std::fmt::Display;

use serde_json::{Value, json};

use super::{Batch, Driven, Message, Outcome, drive};
use crate::metrics::{self, Unit};
use crate::{Failure, clock};

/// Answers one invocation: drives its batch, and reports what became of it as metrics of
/// `function`.
pub async fn serve<E: Display>(
    function: &str,
    batch: Batch,
    left: std::time::Duration,
    handle: impl AsyncFn(&Message) -> Outcome,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> Result<Value, Failure> {
    let began = tokio::time::Instant::now();
    let time_left = || left.saturating_sub(began.elapsed());
    let driven = drive(batch, time_left, handle, release).await;
    report(function, &driven, began.elapsed());
    Ok(json!(driven.failures))
}

fn report(function: &str, driven: &Driven, took: std::time::Duration) {
    let counts = [
        ("Done", Unit::Count, driven.done),
        ("Retried", Unit::Count, driven.retried),
        ("Poisoned", Unit::Count, driven.poisoned),
        ("Duration", Unit::Milliseconds, u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    ];
    println!("{}", metrics::line(function, clock::now_ms(), &counts));
}
