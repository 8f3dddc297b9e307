//! What follows from how an attempt ended. Pure.

use jiff::SignedDuration;
use model::time::Timestamp;
use model::webhook::{ATTEMPTS_MAX, DisabledWhy, FAILING_SECONDS_MAX, retry_seconds};
use store::pg::webhook::attempt::{AttemptVerdict, BegunAttempt};

/// The longest that a receiver may ask us to wait, in seconds: a day.
const WAIT_SECONDS_MAX: i64 = 86_400;

/// How an attempt ended, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptAnswer {
    /// The HTTP status; `None` without an answer.
    pub(crate) status: Option<u16>,
    /// Until when the receiver asks to wait.
    pub(crate) wait_until: Option<Timestamp>,
}

impl AttemptAnswer {
    /// Whether the receiver has it.
    pub(crate) fn is_success(self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What follows.
pub(crate) fn verdict(
    attempt: &BegunAttempt,
    answer: AttemptAnswer,
    now: Timestamp,
) -> AttemptVerdict {
    if answer.is_success() {
        return AttemptVerdict::Delivered;
    }
    if answer.status == Some(410) {
        return AttemptVerdict::Disabled(DisabledWhy::Gone);
    }
    if attempt.is_ping {
        return AttemptVerdict::GivenUp;
    }
    let failing_since = attempt.failing_since.unwrap_or(now);
    let failing_ms = now.as_millisecond() - failing_since.as_millisecond();
    if failing_ms >= FAILING_SECONDS_MAX * 1_000 {
        return AttemptVerdict::Disabled(DisabledWhy::Failing);
    }
    if attempt.number >= ATTEMPTS_MAX {
        return AttemptVerdict::GivenUp;
    }
    let Some(seconds) = retry_seconds(attempt.tries) else { return AttemptVerdict::GivenUp };
    let latest = after(now, WAIT_SECONDS_MAX);
    let asked = answer.wait_until.map_or(now, |until| until.min(latest));
    AttemptVerdict::Again(after(now, seconds.into()).max(asked))
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use model::webhook::TRIES_MAX;
    use model::{PayerId, WebhookUrl};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_341_600 + seconds).unwrap()
    }

    fn attempt(tries: u32) -> BegunAttempt {
        BegunAttempt {
            payer: PayerId::new(1),
            name: "news".parse().unwrap(),
            url: WebhookUrl::stored("https://a.example/".to_owned()),
            body: String::new(),
            secrets: Vec::new(),
            is_ping: false,
            number: tries,
            tries,
            failing_since: None,
        }
    }

    fn of(attempt: &BegunAttempt, status: Option<u16>, wait: Option<i64>) -> AttemptVerdict {
        verdict(attempt, AttemptAnswer { status, wait_until: wait.map(at) }, at(0))
    }

    #[test]
    fn only_2xx_is_a_success_and_only_410_is_final() {
        for status in [200, 204, 299] {
            assert_eq!(of(&attempt(1), Some(status), None), AttemptVerdict::Delivered);
        }
        for status in [None, Some(100), Some(302), Some(404), Some(429), Some(500)] {
            assert_eq!(of(&attempt(1), status, None), AttemptVerdict::Again(at(5)), "{status:?}");
        }
        let gone = AttemptVerdict::Disabled(DisabledWhy::Gone);
        assert_eq!(of(&attempt(1), Some(410), None), gone);
    }

    #[test]
    fn the_schedule_ends_and_a_receiver_may_ask_for_more_time() {
        assert_eq!(of(&attempt(2), Some(503), None), AttemptVerdict::Again(at(300)));
        assert_eq!(of(&attempt(2), Some(503), Some(900)), AttemptVerdict::Again(at(900)));
        assert_eq!(of(&attempt(2), Some(503), Some(60)), AttemptVerdict::Again(at(300)));
        assert_eq!(of(&attempt(2), Some(503), Some(-9)), AttemptVerdict::Again(at(300)));
        let day = AttemptVerdict::Again(at(86_400));
        assert_eq!(of(&attempt(2), Some(503), Some(1 << 30)), day);
        assert_eq!(of(&attempt(TRIES_MAX), Some(503), None), AttemptVerdict::GivenUp);
        let last = BegunAttempt { number: ATTEMPTS_MAX, ..attempt(2) };
        assert_eq!(of(&last, Some(503), None), AttemptVerdict::GivenUp);
        assert_eq!(of(&last, Some(200), None), AttemptVerdict::Delivered);
        let ping = BegunAttempt { is_ping: true, ..attempt(1) };
        assert_eq!(of(&ping, Some(500), None), AttemptVerdict::GivenUp);
    }

    #[test]
    fn what_fails_for_five_days_is_disabled() {
        let failing =
            |seconds: i64| BegunAttempt { failing_since: Some(at(-seconds)), ..attempt(3) };
        let five_days = 5 * 86_400;
        let disabled = AttemptVerdict::Disabled(DisabledWhy::Failing);
        assert_eq!(of(&failing(five_days), Some(500), None), disabled);
        assert_eq!(of(&failing(five_days - 1), Some(500), None), AttemptVerdict::Again(at(1_800)));
        assert_eq!(of(&failing(five_days), Some(200), None), AttemptVerdict::Delivered);
    }
}
