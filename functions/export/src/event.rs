//! The events of the function: jobs of the queue, or what the schedule asks for.

use std::time::Duration;

use model::Timestamp;
use model::port::Queue as _;
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage};
use runtime::metrics::{FunctionMetric, MetricUnit, report};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{ExportDependencies, WorkEnd, archive, discard, handle_message, resume, rewrite};

/// The function's name in metrics.
const FUNCTION: &str = "export";

/// What the function is called with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ExportEvent {
    /// Jobs of the queue.
    Jobs(QueueBatch),
    /// What a schedule asks for, such as `{"resume": true}`.
    Scheduled(ScheduledWork),
}

/// Work that a schedule asks for; each part of it that is `true`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduledWork {
    /// Exports that stand still get a job; useless files are deleted.
    pub resume: bool,
    /// Complete stretches of the change stream are sealed.
    pub archive: bool,
    /// Parts that name someone who was erased are replaced.
    pub rewrite: bool,
}

/// Answers one event, within the time that is left.
pub async fn answer(
    deps: ExportDependencies<'_>,
    event: ExportEvent,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    let seconds = i64::try_from(left.as_secs()).unwrap_or(0);
    let deadline = deps.clock.now().as_second() + seconds;
    let deadline = Timestamp::from_second(deadline).unwrap_or(Timestamp::MAX);
    match event {
        ExportEvent::Jobs(jobs) => {
            let each = async |message: &QueueMessage| {
                outcome(handle_message(deps, &message.body, message.receives, deadline).await)
            };
            let release = async |receipt: &str, seconds| deps.queue.release(receipt, seconds).await;
            batch::serve(FUNCTION, jobs, left, each, release).await
        }
        ExportEvent::Scheduled(work) => scheduled(deps, work, deadline).await,
    }
}

fn outcome(end: WorkEnd) -> MessageOutcome {
    match end {
        WorkEnd::Ended | WorkEnd::GoesOn => MessageOutcome::Done,
        WorkEnd::Retry { after_seconds, why } => MessageOutcome::Retry { after_seconds, why },
        WorkEnd::Poison { why } => MessageOutcome::Poison { why },
    }
}

async fn scheduled(
    deps: ExportDependencies<'_>,
    work: ScheduledWork,
    deadline: Timestamp,
) -> Result<Value, FunctionFailure> {
    let mut done = serde_json::Map::new();
    if work.resume {
        let resumed = resume(deps).await?;
        report(FUNCTION, &[count("Resumed", resumed.resumed)]);
        done.insert("resume".to_owned(), json!(resumed));
        done.insert("discarded".to_owned(), json!(discard(deps).await?));
    }
    if work.archive {
        let archived = archive(deps, deadline).await?;
        report(FUNCTION, &[count("SegmentsSealed", archived.sealed)]);
        done.insert("archive".to_owned(), json!(archived));
    }
    if work.rewrite {
        let rewritten = rewrite(deps, deadline).await?;
        report(FUNCTION, &[count("PartsReplaced", rewritten.replaced)]);
        done.insert("rewrite".to_owned(), json!(rewritten));
    }
    if done.is_empty() {
        return Err(FunctionFailure::new("there is nothing to do: say resume, archive or rewrite"));
    }
    Ok(Value::Object(done))
}

fn count(name: &str, value: u64) -> FunctionMetric<'_> {
    FunctionMetric { name, unit: MetricUnit::Count, value }
}

#[cfg(test)]
mod tests {
    use model::message::ExportJob;

    use super::*;

    fn golden(name: &str) -> ExportEvent {
        let text = std::fs::read_to_string(format!("../../events/{name}.json"));
        serde_json::from_str(&text.expect("the golden event is there")).expect("it is an event")
    }

    #[test]
    fn the_golden_events_are_events() {
        let of = ScheduledWork::default();
        let resume = ExportEvent::Scheduled(ScheduledWork { resume: true, ..of });
        assert_eq!(golden("export-resume"), resume);
        let archive = ExportEvent::Scheduled(ScheduledWork { archive: true, ..of });
        assert_eq!(golden("export-archive"), archive);
        let rewrite = ExportEvent::Scheduled(ScheduledWork { rewrite: true, ..of });
        assert_eq!(golden("export-rewrite"), rewrite);
        let ExportEvent::Jobs(batch) = golden("export-jobs") else { panic!("no batch") };
        for message in &batch.messages {
            assert!(serde_json::from_str::<ExportJob>(&message.body).is_ok(), "{}", message.body);
        }
        assert!(serde_json::from_str::<ExportEvent>(r#"{"tick": true}"#).is_err());
    }
}
