//! A job: one attempt, and what follows.

use model::message::DeliverJob;
use model::port::Queue as _;
use model::time::Timestamp;
use store::StoreError;
use store::pg::webhook::attempt::{self, AttemptStart, AttemptVerdict, EndedAttempt};
use store::pg::webhook::due;

use crate::DeliverDependencies;
use crate::send::send;
use crate::verdict::verdict;

/// What came of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// The attempt was made, and this follows.
    Tried(AttemptVerdict),
    /// It is not due before this time.
    NotYet(Timestamp),
    /// It began before, or is not wanted any more: nothing was sent.
    Over,
}

/// Makes the attempt of a job.
///
/// # Errors
/// Those of the database. An attempt that was made and could not be noted stays without an end, and another one
/// follows.
pub async fn handle(
    deps: DeliverDependencies<'_>,
    job: DeliverJob,
) -> Result<JobOutcome, StoreError> {
    let begun = match attempt::begin(deps.pg, job, deps.clock.now()).await? {
        AttemptStart::Begun(begun) => begun,
        AttemptStart::NotYet(due_at) => return Ok(JobOutcome::NotYet(due_at)),
        AttemptStart::Over => return Ok(JobOutcome::Over),
    };
    let (end, answer) = send(deps, job, &begun).await;
    let now = deps.clock.now();
    let follows = verdict(&begun, answer, now);
    tracing::info!(delivery = %job.delivery, attempt = job.attempt, status = end.status, ?follows, "tried");
    let ended = EndedAttempt { job, url: &begun.url, end: &end, verdict: follows };
    attempt::end(deps.pg, ended, now).await?;
    if let AttemptVerdict::Again(at) = follows {
        send_next(deps, job, at, now).await;
    }
    Ok(JobOutcome::Tried(follows))
}

/// Sends the message of the next attempt, if a queue delays it for so long. If that fails, the tick does it.
async fn send_next(deps: DeliverDependencies<'_>, job: DeliverJob, at: Timestamp, now: Timestamp) {
    let delay = seconds_until(at, now);
    if delay > DeliverJob::DELAY_SECONDS_MAX {
        return;
    }
    let next = DeliverJob { attempt: job.attempt + 1, ..job };
    if let Err(error) = deps.queue.send(&[next.message(delay)]).await {
        tracing::warn!(%error, "the next attempt waits for a tick");
    } else if let Err(error) = due::woken(deps.pg, &[next], at).await {
        tracing::warn!(%error, "the next attempt may get two messages");
    }
}

/// Whole seconds until a time, not less than it takes.
pub(crate) fn seconds_until(at: Timestamp, now: Timestamp) -> u32 {
    let ms = (at.as_millisecond() - now.as_millisecond()).max(0);
    u32::try_from((ms + 999) / 1_000).unwrap_or(u32::MAX)
}
