//! The rate limits that hosts announce, in five dialects: unix seconds, ISO 8601, seconds
//! left, a field in the body, Retry-After. The manifest names a platform's own; the others are
//! understood too where a value is unambiguous, since proxies in front of hosts use their own.

use model::budget::HostLimit;
use model::port::WebResponse;
use model::time::Timestamp;

use crate::manifest::{RateRules, ResetForm};

/// How long to wait where a host asks for a pause and does not say how long, in milliseconds.
const PAUSE_MS: i64 = 30_000;
/// The longest pause that is believed, in milliseconds.
const PAUSE_MS_MAX: i64 = 24 * 3_600_000;
/// Numbers from here on are unix seconds, smaller ones are seconds left.
const UNIX_SECONDS_MIN: i64 = 1_000_000_000;

/// Resets under names that manifests need not know.
const RESETS: [&str; 3] = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];

/// What one answer announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AnnouncedLimit {
    /// Requests per window.
    pub(crate) limit: Option<u32>,
    /// The window's length in milliseconds, where the host names it.
    pub(crate) window_ms: Option<u32>,
    pub(crate) remaining: Option<u32>,
    /// When the window ends.
    pub(crate) reset: Option<Timestamp>,
}

/// Reads the rate-limit headers of an answer.
pub(crate) fn announced(
    rules: &RateRules,
    response: &WebResponse,
    now: Timestamp,
) -> AnnouncedLimit {
    let header = |name: &Option<String>| response.header(name.as_deref()?).map(str::trim);
    let policy = header(&rules.policy).and_then(policy);
    let limit = header(&rules.limit).and_then(|text| text.parse().ok());
    let limit = limit.or(policy.map(|policy| policy.requests));
    AnnouncedLimit {
        limit: limit.filter(|&limit| limit > 0),
        window_ms: policy.map(|policy| policy.window_ms),
        remaining: header(&rules.remaining).and_then(|text| text.parse().ok()),
        reset: header(&rules.reset).and_then(|text| in_form(text, rules.form, now)),
    }
}

/// Until when a host that refused a request wants none; `body_wait_ms` is the wait that the body names.
pub(crate) fn pause_until(
    rules: &RateRules,
    response: &WebResponse,
    body_wait_ms: Option<u64>,
    now: Timestamp,
) -> Timestamp {
    let body = body_wait_ms.map(|ms| later(now, i64::try_from(ms).unwrap_or(PAUSE_MS_MAX)));
    let retry_after = || response.header("retry-after").and_then(|text| retry_after(text, now));
    let reset = || {
        let own = rules.reset.as_deref();
        let mut names = own.into_iter().chain(RESETS);
        names.find_map(|name| in_any_form(response.header(name)?, now))
    };
    let known = body.or_else(retry_after).or_else(reset).filter(|&until| until > now);
    let until = known.unwrap_or_else(|| later(now, PAUSE_MS));
    until.min(later(now, PAUSE_MS_MAX))
}

/// `now` plus `ms` milliseconds.
pub(crate) fn later(now: Timestamp, ms: i64) -> Timestamp {
    now.saturating_add(jiff::SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

/// Reads `3000;w=300`, or the newer `"default";q=3000;w=300`.
fn policy(text: &str) -> Option<HostLimit> {
    let first = text.split(',').next()?;
    let mut parts = first.split(';').map(str::trim);
    let leading = parts.next()?.parse().ok();
    let field = |name: &str| first.split(';').find_map(|part| part.trim().strip_prefix(name));
    let quota = leading.or_else(|| field("q=")?.parse().ok())?;
    let seconds: u32 = field("w=")?.parse().ok()?;
    let window_ms = seconds.checked_mul(1_000).filter(|&ms| ms > 0)?;
    Some(HostLimit { requests: quota, window_ms })
}

/// Until when a `Retry-After` asks to wait, a day from `now` at most if it is in seconds.
pub fn retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(seconds) => Some(later(now, seconds.clamp(0, PAUSE_MS_MAX / 1_000) * 1_000)),
        Err(_) => jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp()),
    }
}

/// A reset in the one form that the manifest names.
fn in_form(text: &str, form: ResetForm, now: Timestamp) -> Option<Timestamp> {
    match form {
        ResetForm::UnixSeconds => Timestamp::from_second(text.parse().ok()?).ok(),
        ResetForm::Iso8601 => text.parse().ok(),
        ResetForm::SecondsLeft => seconds_left(text.parse().ok()?, now),
    }
}

/// A reset in whichever form it must be.
fn in_any_form(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.trim().parse::<f64>() {
        Ok(number) if number >= UNIX_SECONDS_MIN as f64 => {
            Timestamp::from_second(number as i64).ok()
        }
        Ok(number) => seconds_left(number, now),
        Err(_) => text.trim().parse().ok(),
    }
}

fn seconds_left(seconds: f64, now: Timestamp) -> Option<Timestamp> {
    let ms = seconds * 1_000.0;
    (0.0..=PAUSE_MS_MAX as f64).contains(&ms).then(|| later(now, ms as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn rules(form: ResetForm) -> RateRules {
        RateRules {
            limit: Some("x-limit".into()),
            remaining: Some("x-remaining".into()),
            reset: Some("x-reset".into()),
            form,
            policy: Some("ratelimit-policy".into()),
            window_ms: 300_000,
        }
    }

    fn answer(headers: &[(&str, &str)]) -> WebResponse {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        WebResponse { status: 429, headers: headers.collect(), body: Vec::new() }
    }

    #[test]
    fn each_dialect_names_the_same_moment() {
        let until = later(now(), 90_000);
        let values = [
            ("x-reset", until.as_second().to_string()),
            ("x-reset", "2026-11-22T10:01:30.000Z".to_owned()),
            ("x-ratelimit-reset", "90".to_owned()),
            ("retry-after", "90".to_owned()),
            ("retry-after", "Sun, 22 Nov 2026 10:01:30 GMT".to_owned()),
        ];
        for (header, value) in values {
            let response = answer(&[(header, &value)]);
            let rules = rules(ResetForm::UnixSeconds);
            assert_eq!(pause_until(&rules, &response, None, now()), until, "{header}: {value}");
        }
        let body = pause_until(&rules(ResetForm::Iso8601), &answer(&[]), Some(90_000), now());
        assert_eq!(body, until);
    }

    #[test]
    fn nonsense_becomes_the_usual_pause_and_no_pause_is_endless() {
        for value in ["", "soon", "-5", "1e308", "NaN", "2019-01-01T00:00:00Z"] {
            let response = answer(&[("x-reset", value)]);
            let until = pause_until(&rules(ResetForm::Iso8601), &response, None, now());
            assert_eq!(until, later(now(), PAUSE_MS), "{value}");
        }
        let forever = answer(&[("retry-after", "99999999999999")]);
        let until = pause_until(&rules(ResetForm::Iso8601), &forever, None, now());
        assert_eq!(until, later(now(), PAUSE_MS_MAX));
    }

    #[test]
    fn policies_say_quota_and_window() {
        for text in ["3000;w=300", "3000;w=300, 100;w=1", "\"default\";q=3000;w=300"] {
            let response = answer(&[("ratelimit-policy", text)]);
            let announced = announced(&rules(ResetForm::UnixSeconds), &response, now());
            assert_eq!((announced.limit, announced.window_ms), (Some(3_000), Some(300_000)));
        }
        assert_eq!(policy("3000;w=0"), None);
        assert_eq!(policy("w=300"), None);
    }

    #[test]
    fn a_reset_in_a_foreign_form_gives_no_window() {
        let response = answer(&[("x-limit", "300"), ("x-reset", "90")]);
        let announced = announced(&rules(ResetForm::Iso8601), &response, now());
        assert_eq!((announced.limit, announced.reset), (Some(300), None));
    }
}
