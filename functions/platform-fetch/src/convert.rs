//! Between the engine's words and the record's.

use model::Platform;
use model::time::Timestamp;
use platforms::engine::{Outcome, Progress, StreamRun, Subject};
use store::pg::crawl::{self, CrawledStream, Mark, RoundEnd, StreamEnd};

/// How long a profile waits after its first trouble, where its host names no wait, in seconds; it
/// doubles with each further one.
const RETRY_SECONDS: i64 = 2;

/// So often it doubles: up to half an hour.
const DOUBLINGS_MAX: u32 = 10;

/// The longest that a host's own wish delays a profile, in seconds: a day.
const RETRY_SECONDS_MAX: i64 = 86_400;

/// What the engine needs to know of a profile of the record.
pub(crate) fn subject(platform: Platform, stored: &crawl::Subject) -> Subject {
    let progress = stored.streams.iter().map(|state| Progress {
        stream: state.stream.clone(),
        cursor: state.cursor.clone(),
        done: state.done,
    });
    Subject {
        local_id: stored.local_id.clone(),
        followers: stored.followers,
        following: stored.following,
        watermarks: stored.watermarks.clone(),
        progress: progress.collect(),
        attempt: stored.attempt,
        ..Subject::new(platform, stored.named.clone())
    }
}

/// What the record is told of one visit to a stream.
pub(crate) fn crawled(stored: &crawl::Subject, run: StreamRun) -> CrawledStream {
    let end = match &run.outcome {
        Outcome::Done | Outcome::Refused { .. } => StreamEnd::Done,
        Outcome::More { cursor } | Outcome::Retry { cursor, .. } => {
            StreamEnd::Cut { cursor: cursor.clone() }
        }
    };
    CrawledStream {
        stream: run.stream,
        began: Mark { cursor: run.began, watermarks: stored.watermarks.clone() },
        observations: run.observations,
        end,
    }
}

/// How a profile's round goes on, by how its streams ended, the profile's own page first. Trouble
/// that may pass outweighs a cut; a page that is refused for good ends the round.
pub(crate) fn round_end(runs: &[StreamRun], attempt: u32, now: Timestamp) -> RoundEnd {
    if let Some(Outcome::Refused { why }) = runs.first().map(|run| &run.outcome) {
        return RoundEnd::Failed { why: why.clone() };
    }
    let mut end = RoundEnd::Done;
    for run in runs {
        match &run.outcome {
            Outcome::Retry { after_ms, why, .. } => {
                return RoundEnd::Retry { at: retry_at(*after_ms, attempt, now), why: why.clone() };
            }
            Outcome::More { .. } => end = RoundEnd::Cut,
            Outcome::Refused { .. } | Outcome::Done => {}
        }
    }
    end
}

fn retry_at(after_ms: Option<u64>, attempt: u32, now: Timestamp) -> Timestamp {
    let asked = after_ms.map(|ms| i64::try_from(ms.div_ceil(1000)).unwrap_or(RETRY_SECONDS_MAX));
    let own = RETRY_SECONDS << attempt.min(DOUBLINGS_MAX);
    let seconds = asked.unwrap_or(own).min(RETRY_SECONDS_MAX);
    now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcome: Outcome) -> StreamRun {
        StreamRun {
            stream: "follows".into(),
            began: None,
            observations: vec![],
            outcome,
            requests: 1,
            left_out: 0,
        }
    }

    #[test]
    fn a_round_goes_on_as_its_worst_stream_did() {
        let now = Timestamp::UNIX_EPOCH;
        let (done, more) = (run(Outcome::Done), run(Outcome::More { cursor: None }));
        let retry = run(Outcome::Retry { cursor: None, after_ms: Some(1_500), why: "429".into() });
        let refused = run(Outcome::Refused { why: "no".into() });
        assert_eq!(round_end(&[done.clone(), done.clone()], 0, now), RoundEnd::Done);
        assert_eq!(round_end(&[done.clone(), more.clone()], 0, now), RoundEnd::Cut);
        let at = Timestamp::from_second(2).unwrap();
        let end = RoundEnd::Retry { at, why: "429".into() };
        assert_eq!(round_end(&[more, retry], 0, now), end);
        assert_eq!(round_end(&[done.clone(), refused.clone()], 0, now), RoundEnd::Done);
        assert!(matches!(round_end(&[refused, done], 0, now), RoundEnd::Failed { .. }));
    }
}
