//! What follows from a job: the same on one machine and as a Lambda function.

use model::message::ScoreJob;
use model::port::retry_delay_seconds;

use crate::{ScoreDependencies, ScoreError, Scored, TimeBudget, handle};

/// How long a job waits while another worker has its stage, in seconds, times its receives. All of them
/// together are longer than any stage, so that waiting alone makes no dead letter.
const BUSY_SECONDS: u32 = 300;

/// What follows from a job.
#[derive(Debug)]
pub enum JobOutcome {
    /// This job is to be done instead: the next stage, or more of the same.
    Next(ScoreJob),
    /// The run is published.
    Published,
    /// The run was retired or overtaken by a newer one.
    Ended,
    /// Another worker has the stage: the job is to be tried again after this many seconds.
    Busy(u32),
    /// The job failed and may work after this many seconds.
    Retry(u32, ScoreError),
    /// The run was given up before.
    GivenUp,
    /// The job failed, and so did the run.
    Failed(ScoreError),
}

/// Does the stage of a job as far as there is time. `receives` is how often the job was received.
pub async fn work(
    dependencies: ScoreDependencies<'_>,
    job: ScoreJob,
    receives: u32,
    budget: TimeBudget,
) -> JobOutcome {
    match handle(dependencies, job, budget).await {
        Ok(Scored::Next(next)) => JobOutcome::Next(next),
        Ok(Scored::Later) => JobOutcome::Next(job),
        Ok(Scored::Published) => JobOutcome::Published,
        Ok(Scored::Ended) => JobOutcome::Ended,
        Ok(Scored::Failed) => JobOutcome::GivenUp,
        Ok(Scored::Busy) => JobOutcome::Busy(BUSY_SECONDS.saturating_mul(receives)),
        Err(error) if error.is_passing() => JobOutcome::Retry(retry_delay_seconds(receives), error),
        Err(error) => JobOutcome::Failed(error),
    }
}
