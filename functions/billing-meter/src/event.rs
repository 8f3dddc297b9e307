//! The events of the function: a batch of doorbells, or what the schedule asks for.

use std::time::Duration;

use model::port::Queue;
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage};
use runtime::metrics::{FunctionMetric, MetricUnit, report};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    DoorbellOutcome, MeterDependencies, PAYERS_AUDITED, TickReport, audit, close, post_messages,
    tick, until_settled,
};

/// The function's name in metrics.
const FUNCTION: &str = "billing-meter";

/// What the function is called with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum MeterEvent {
    /// Doorbells of the queue.
    Doorbells(QueueBatch),
    /// What a schedule asks for, such as `{"tick": true}`.
    Scheduled(ScheduledWork),
}

/// Work that a schedule asks for; each part of it that is `true`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduledWork {
    /// Prices, what was left undone, alerts.
    pub tick: bool,
    /// Comparing wallets and ledger.
    pub audit: bool,
    /// Statements and deletions.
    pub close: bool,
}

/// Answers one event, within the time that is left.
pub async fn answer(
    deps: MeterDependencies<'_>,
    event: MeterEvent,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    match event {
        MeterEvent::Doorbells(doorbells) => answer_doorbells(deps, doorbells, left).await,
        MeterEvent::Scheduled(work) => answer_schedule(deps, work).await,
    }
}

async fn answer_doorbells(
    deps: MeterDependencies<'_>,
    doorbells: QueueBatch,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    let whole = async |messages: &[QueueMessage]| {
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        let posted = post_messages(deps, &bodies).await;
        report(FUNCTION, &[count("Posted", posted.posted)]);
        let outcomes = posted.outcomes.into_iter().zip(messages);
        outcomes.map(|(outcome, message)| message_outcome(outcome, message.receives)).collect()
    };
    let release = async |receipt: &str, seconds| deps.queue.release(receipt, seconds).await;
    batch::serve_whole(FUNCTION, doorbells, left, whole, release).await
}

fn message_outcome(outcome: DoorbellOutcome, receives: u32) -> MessageOutcome {
    let after_seconds = outcome.delay_seconds(receives).unwrap_or(0);
    match outcome {
        DoorbellOutcome::Done => MessageOutcome::Done,
        DoorbellOutcome::Later { why } | DoorbellOutcome::Failed { why } => {
            MessageOutcome::Retry { after_seconds, why }
        }
        DoorbellOutcome::Poison { why } => MessageOutcome::Poison { why },
    }
}

async fn answer_schedule(
    deps: MeterDependencies<'_>,
    work: ScheduledWork,
) -> Result<Value, FunctionFailure> {
    let mut done = serde_json::Map::new();
    if work.tick {
        tokio::time::sleep(until_settled(deps.clock.now())).await;
        let ticked = tick(deps).await?;
        report_tick(&ticked);
        done.insert("tick".to_owned(), json!(ticked));
    }
    if work.audit {
        let audited = audit(deps, PAYERS_AUDITED).await?;
        let metrics =
            [count("LedgerDifference", audited.difference), count("Moving", audited.moving)];
        report(FUNCTION, &metrics);
        done.insert("audit".to_owned(), json!(audited));
    }
    if work.close {
        let closed = close(deps).await?;
        report(FUNCTION, &[count("LedgerDifference", closed.wrong_sums)]);
        done.insert("close".to_owned(), json!(closed));
    }
    if done.is_empty() {
        return Err(FunctionFailure::new("there is nothing to do: say tick, audit or close"));
    }
    Ok(Value::Object(done))
}

fn report_tick(ticked: &TickReport) {
    let TickReport { prices, sweep, alerts } = ticked;
    let metrics = [
        count("EpochLate", u64::from(prices.missed > 0)),
        FunctionMetric { name: "MeterLag", unit: MetricUnit::Seconds, value: sweep.lag_seconds },
        count("Rung", sweep.rung),
        count("HoldsReleased", sweep.voided),
        count("LeasesClosed", sweep.closed),
        count("AlertsFired", alerts.fired),
    ];
    report(FUNCTION, &metrics);
}

fn count(name: &str, value: u64) -> FunctionMetric<'_> {
    FunctionMetric { name, unit: MetricUnit::Count, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(name: &str) -> MeterEvent {
        let text = std::fs::read_to_string(format!("../../events/{name}.json"));
        serde_json::from_str(&text.expect("the golden event is there")).expect("it is an event")
    }

    #[test]
    fn the_golden_events_are_events() {
        let of = ScheduledWork::default();
        let expected = [
            ("meter-tick", ScheduledWork { tick: true, ..of }),
            ("meter-audit", ScheduledWork { audit: true, ..of }),
            ("meter-close", ScheduledWork { close: true, ..of }),
        ];
        for (name, work) in expected {
            assert_eq!(golden(name), MeterEvent::Scheduled(work), "{name}");
        }
        let MeterEvent::Doorbells(batch) = golden("usage-messages") else { panic!("no batch") };
        assert!(batch.messages.iter().all(|one| billing::parse_doorbell(&one.body).is_some()));
        assert!(serde_json::from_str::<MeterEvent>(r#"{"tock": true}"#).is_err());
    }
}
