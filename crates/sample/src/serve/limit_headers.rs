//! Rate-limit headers, as each platform announces its limits.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::faults::RateLimitDialect;
use crate::limits::WindowPass;
use crate::time::{http_date, iso};

const fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// Announces a limit as the platform does.
pub(super) fn announce(headers: &mut HeaderMap, dialect: RateLimitDialect, pass: &WindowPass) {
    let (limit, remaining) = (pass.limit.requests.into(), pass.remaining.into());
    if dialect == RateLimitDialect::UnixSeconds {
        headers.insert(name("ratelimit-limit"), limit);
        headers.insert(name("ratelimit-remaining"), remaining);
        headers.insert(name("ratelimit-reset"), pass.reset_ms.div_ceil(1_000).into());
        let policy = format!("{};w={}", pass.limit.requests, pass.limit.window_ms.div_ceil(1_000));
        insert(headers, "ratelimit-policy", policy);
    } else {
        headers.insert(name("x-ratelimit-limit"), limit);
        headers.insert(name("x-ratelimit-remaining"), remaining);
        insert(headers, "x-ratelimit-reset", iso(pass.reset_ms));
    }
}

/// Announces the time of the next request, in one of the dialects.
pub(super) fn delay(
    headers: &mut HeaderMap,
    dialect: RateLimitDialect,
    now_ms: u64,
    reset_ms: u64,
) {
    let seconds = (reset_ms - now_ms).div_ceil(1_000);
    let at = reset_ms.div_ceil(1_000);
    match dialect {
        RateLimitDialect::UnixSeconds => {
            headers.insert(name("ratelimit-remaining"), 0.into());
            headers.insert(name("ratelimit-reset"), at.into());
        }
        RateLimitDialect::IsoTime => {
            headers.insert(name("x-ratelimit-remaining"), 0.into());
            insert(headers, "x-ratelimit-reset", iso(reset_ms));
        }
        RateLimitDialect::SecondsLeft => {
            headers.insert(name("x-ratelimit-remaining"), 0.into());
            headers.insert(name("x-ratelimit-reset"), seconds.into());
        }
        RateLimitDialect::RetryAfterSeconds => {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        RateLimitDialect::RetryAfterDate => {
            insert(headers, "retry-after", http_date(at));
        }
    }
}

fn insert(headers: &mut HeaderMap, header: &'static str, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name(header), value);
    }
}
