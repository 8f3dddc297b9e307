//! Between the types of the engine and those of the database.

use model::Platform;
use model::time::Timestamp;
use platforms::engine::{FetchSubject, StreamOutcome, StreamProgress, StreamRun};
use store::pg::crawl::{self, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd};

/// How often in a row a profile is tried without progress before it is given up for weeks.
const TRIES: u32 = 10;

/// How long a profile waits after its first trouble, where its host names no wait, in seconds; the wait
/// doubles with each further trouble.
const RETRY_SECONDS: i64 = 2;

/// How often the wait doubles: up to half an hour.
const DOUBLINGS_MAX: u32 = 10;

/// The longest wait that a host may ask for, in seconds: a day.
const RETRY_SECONDS_MAX: i64 = 86_400;

/// A stored profile as the engine fetches it.
pub(crate) fn subject(platform: Platform, stored: &crawl::CrawlSubject) -> FetchSubject {
    let progress = stored.streams.iter().map(|state| StreamProgress {
        stream: state.stream.clone(),
        cursor: state.cursor.clone(),
        done: state.done,
    });
    FetchSubject {
        local_id: stored.local_id.clone(),
        followers: stored.followers,
        following: stored.following,
        watermarks: stored.watermarks.clone(),
        lists: stored.lists.clone(),
        progress: progress.collect(),
        attempt: stored.attempt,
        ..FetchSubject::new(platform, stored.named.clone())
    }
}

/// What is stored of one visit to a stream.
pub(crate) fn crawled(stored: &crawl::CrawlSubject, run: StreamRun) -> CrawledStream {
    let end = match &run.outcome {
        StreamOutcome::Done | StreamOutcome::Refused { .. } => StreamEnd::Done,
        StreamOutcome::More { cursor }
        | StreamOutcome::Retry { cursor, .. }
        | StreamOutcome::Unreadable { cursor, .. } => StreamEnd::Cut { cursor: cursor.clone() },
    };
    CrawledStream {
        stream: run.stream,
        began: StreamCheckpoint { cursor: run.began, watermarks: stored.watermarks.clone() },
        observations: run.observations,
        end,
    }
}

/// Trouble that may pass.
struct StreamTrouble<'r> {
    /// The wait that the host asked for, in milliseconds.
    after_ms: Option<u64>,
    why: &'r str,
    /// How often in a row it may happen.
    tries: u32,
}

/// How a profile's round continues, by how its streams ended, the profile's own page first. Trouble
/// that may pass outweighs a cut. A page that is refused for good ends the round, and so does trouble
/// that came back too often while no stream advanced.
pub(crate) fn round_end(runs: &[StreamRun], attempt: u32, now: Timestamp) -> RoundEnd {
    if let Some(StreamOutcome::Refused { why }) = runs.first().map(|run| &run.outcome) {
        return RoundEnd::Failed { why: why.clone() };
    }
    let Some(StreamTrouble { after_ms, why, tries }) = runs.iter().find_map(trouble) else {
        let is_cut = runs.iter().any(|run| matches!(run.outcome, StreamOutcome::More { .. }));
        return if is_cut { RoundEnd::Cut } else { RoundEnd::Done };
    };
    let in_vain = !runs.iter().skip(1).any(has_advanced);
    if in_vain && attempt + 1 >= tries {
        return RoundEnd::Failed { why: format!("given up after {tries} tries: {why}") };
    }
    RoundEnd::Retry { at: retry_at(after_ms, attempt, now), why: why.to_owned(), in_vain }
}

/// The trouble of a stream, if it had any.
fn trouble(run: &StreamRun) -> Option<StreamTrouble<'_>> {
    match &run.outcome {
        StreamOutcome::Retry { after_ms, why, .. } => {
            Some(StreamTrouble { after_ms: *after_ms, why, tries: TRIES })
        }
        StreamOutcome::Unreadable { why, .. } => {
            Some(StreamTrouble { after_ms: None, why, tries: FetchSubject::READINGS })
        }
        StreamOutcome::More { .. } | StreamOutcome::Refused { .. } | StreamOutcome::Done => None,
    }
}

/// Whether a visit advanced its stream.
fn has_advanced(run: &StreamRun) -> bool {
    run.outcome.is_final() || run.outcome.cursor() != run.began.as_deref()
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

    fn run(outcome: StreamOutcome) -> StreamRun {
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
    fn a_round_continues_as_its_worst_stream_ended() {
        let now = Timestamp::UNIX_EPOCH;
        let (done, more) = (run(StreamOutcome::Done), run(StreamOutcome::More { cursor: None }));
        let retry =
            run(StreamOutcome::Retry { cursor: None, after_ms: Some(1_500), why: "429".into() });
        let refused = run(StreamOutcome::Refused { why: "no".into() });
        assert_eq!(round_end(&[done.clone(), done.clone()], 0, now), RoundEnd::Done);
        assert_eq!(round_end(&[done.clone(), more.clone()], 0, now), RoundEnd::Cut);
        let at = Timestamp::from_second(2).unwrap();
        let end = RoundEnd::Retry { at, why: "429".into(), in_vain: true };
        assert_eq!(round_end(&[more, retry], 0, now), end);
        assert_eq!(round_end(&[done.clone(), refused.clone()], 0, now), RoundEnd::Done);
        assert!(matches!(round_end(&[refused, done], 0, now), RoundEnd::Failed { .. }));
    }

    #[test]
    fn every_retry_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let tries = |outcome: StreamOutcome| {
            let runs = [run(StreamOutcome::Done), run(outcome)];
            let fails =
                |attempt: &u32| matches!(round_end(&runs, *attempt, now), RoundEnd::Failed { .. });
            (0..100).find(fails)
        };
        let why = || "no".to_owned();
        let retry = StreamOutcome::Retry { cursor: None, after_ms: None, why: why() };
        assert_eq!(tries(retry), Some(TRIES - 1));
        let pause = StreamOutcome::Retry { cursor: None, after_ms: Some(9_000), why: why() };
        assert_eq!(tries(pause), Some(TRIES - 1));
        let unreadable = StreamOutcome::Unreadable { cursor: None, why: why() };
        assert_eq!(tries(unreadable), Some(FetchSubject::READINGS - 1));
        // A list that advances page by page is not given up, however often its host fails.
        let cursor = Some("2".to_owned());
        assert_eq!(tries(StreamOutcome::Retry { cursor, after_ms: None, why: why() }), None);
    }
}
