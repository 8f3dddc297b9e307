//! How a host treats requests before it answers them: slowly, with errors, or with redirects.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;

use crate::site::SiteReply;
use crate::world::HostNature;

/// How a host treats requests before it answers them.
pub(crate) struct HostBehaviour {
    pub(crate) nature: HostNature,
    pub(crate) slow: Duration,
    pub(crate) flaky_for: Duration,
    /// Whether every request is redirected within the host.
    pub(crate) redirects: bool,
    /// The time of the first request, in unix milliseconds; 0 before it.
    pub(crate) first_request_ms: AtomicU64,
}

impl HostBehaviour {
    /// Waits, fails or redirects, by the host's nature.
    pub(crate) async fn apply(&self, url: &str, now_ms: u64) -> Option<SiteReply> {
        let reply = self.wait_or_fail(now_ms).await;
        reply.or_else(|| self.redirects.then(|| redirect(url)).flatten())
    }

    async fn wait_or_fail(&self, now_ms: u64) -> Option<SiteReply> {
        let page = |status| SiteReply::of(status, "text/html", b"<h1>Sorry</h1>".to_vec());
        match self.nature {
            HostNature::Broken => Some(page(StatusCode::BAD_GATEWAY)),
            HostNature::Flaky => {
                let first = self.first_request_ms.compare_exchange(
                    0,
                    now_ms,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                let until = first.err().unwrap_or(now_ms) + self.flaky_for.as_millis() as u64;
                (now_ms < until).then(|| page(StatusCode::SERVICE_UNAVAILABLE))
            }
            HostNature::Slow => {
                tokio::time::sleep(self.slow).await;
                None
            }
            HostNature::Bluesky | HostNature::Mastodon | HostNature::Old | HostNature::Snac => None,
        }
    }
}

/// Marks the target of a redirect.
const MARK: &str = "moved=1";

/// A redirect to the same resource at another address of the host, unless the request is already for
/// that address.
pub(super) fn redirect(url: &str) -> Option<SiteReply> {
    if is_marked(url) {
        return None;
    }
    let status =
        [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
    let and = if url.contains('?') { '&' } else { '?' };
    Some(SiteReply::redirect(status[url.len() % 3], format!("{url}{and}{MARK}")))
}

pub(super) fn is_marked(url: &str) -> bool {
    url.rsplit(['?', '&']).next() == Some(MARK)
}
