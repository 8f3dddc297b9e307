//! What the engine works with during a fetch: the web, the clock, the rate limiter and the memory.

use std::future::Future;
use std::pin::Pin;

use model::port::{Clock, Web, WebError, WebRequest, WebResponse};

use super::memory::FetchMemory;
use super::run::HostReport;
use super::stop_reason::StopReason;
use crate::limits;
use crate::manifest::PlatformManifest;

/// There is no token for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoToken {
    /// Milliseconds until another request makes sense.
    pub wait_ms: u64,
}

/// Allows each request of a fetch, and gets a report of its answer: the caller's host budgets.
pub trait RateLimiter: Send {
    /// Takes one token for `host` (a lower-case host name, with its port unless it is the default).
    fn acquire(&mut self, host: &str) -> impl Future<Output = Result<(), NoToken>> + Send;

    /// Takes note of what a host's answer, or its silence, says of the host. The engine sends the
    /// host nothing else before this returns.
    fn report(&mut self, report: &HostReport) -> impl Future<Output = ()> + Send {
        let _ = report;
        std::future::ready(())
    }
}

/// A limiter without limits that counts requests: for one-off requests and tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Unlimited {
    /// How many requests were allowed.
    pub requests: u32,
}

impl RateLimiter for Unlimited {
    async fn acquire(&mut self, _host: &str) -> Result<(), NoToken> {
        self.requests += 1;
        Ok(())
    }
}

type BoxedFuture<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// Any [`Web`] as a trait object, so that the engine is compiled once and not for each web. Costs one
/// allocation a request.
pub trait ErasedWeb: Send + Sync {
    /// [`Web::fetch`].
    fn fetch_boxed(&self, request: WebRequest) -> BoxedFuture<'_, Result<WebResponse, WebError>>;
}

impl<W: Web> ErasedWeb for W {
    fn fetch_boxed(&self, request: WebRequest) -> BoxedFuture<'_, Result<WebResponse, WebError>> {
        Box::pin(self.fetch(request))
    }
}

/// Any [`RateLimiter`] as a trait object.
trait ErasedLimiter: Send {
    fn acquire_boxed<'f>(&'f mut self, host: &'f str) -> BoxedFuture<'f, Result<(), NoToken>>;
    fn report_boxed<'f>(&'f mut self, report: &'f HostReport) -> BoxedFuture<'f, ()>;
}

impl<L: RateLimiter> ErasedLimiter for L {
    fn acquire_boxed<'f>(&'f mut self, host: &'f str) -> BoxedFuture<'f, Result<(), NoToken>> {
        Box::pin(self.acquire(host))
    }

    fn report_boxed<'f>(&'f mut self, report: &'f HostReport) -> BoxedFuture<'f, ()> {
        Box::pin(self.report(report))
    }
}

/// The web client, clock and rate limiter of one fetch. Concurrent rounds take one each and share
/// the memory.
pub struct FetchContext<'a> {
    web: &'a dyn ErasedWeb,
    pub(super) clock: &'a dyn Clock,
    limiter: &'a mut dyn ErasedLimiter,
    pub(super) memory: &'a FetchMemory,
    reports: Vec<HostReport>,
    /// Hosts that get no more requests in this round.
    closed: Vec<String>,
    pub(super) requests: u32,
    /// The longest wait that the limiter asked for, in milliseconds.
    wait_ms: u64,
}

impl std::fmt::Debug for FetchContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchContext")
            .field("requests", &self.requests)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl<'a> FetchContext<'a> {
    /// A context without reports yet.
    pub fn new<L: RateLimiter>(
        web: &'a dyn ErasedWeb,
        clock: &'a dyn Clock,
        limiter: &'a mut L,
        memory: &'a FetchMemory,
    ) -> Self {
        FetchContext {
            web,
            clock,
            limiter,
            memory,
            reports: Vec::new(),
            closed: Vec::new(),
            requests: 0,
            wait_ms: 0,
        }
    }

    /// Takes the reports since the last call, one per host.
    pub fn take_reports(&mut self) -> Vec<HostReport> {
        std::mem::take(&mut self.reports)
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The longest wait that the limiter asked for since the last call, in milliseconds.
    pub(super) fn take_wait_ms(&mut self) -> u64 {
        std::mem::take(&mut self.wait_ms)
    }

    /// Takes a token for a host. A host without one gets no more requests in this round.
    pub(super) async fn acquire(&mut self, host: &str) -> Result<(), StopReason> {
        if self.closed.iter().any(|closed| closed == host) {
            return Err(StopReason::Cut);
        }
        if let Err(no_token) = self.limiter.acquire_boxed(host).await {
            self.close(host);
            self.wait_ms = self.wait_ms.max(no_token.wait_ms);
            return Err(StopReason::Cut);
        }
        Ok(())
    }

    /// Sends a request and counts it.
    pub(super) async fn send(&mut self, request: WebRequest) -> Result<WebResponse, WebError> {
        self.requests += 1;
        self.web.fetch_boxed(request).await
    }

    /// Keeps a report and passes it on to the limiter.
    pub(super) async fn report(&mut self, report: HostReport) {
        self.limiter.report_boxed(&report).await;
        if let Some(until) = report.pause_until {
            self.close(&report.host);
            let kept = self.report_of(&report.host);
            kept.pause_until = kept.pause_until.max(Some(until));
        }
        let kept = self.report_of(&report.host);
        kept.answered = report.answered;
        kept.limit = report.limit.or(kept.limit);
    }

    /// Allows requests to every host again: a new round begins.
    pub(super) fn reopen(&mut self) {
        self.closed.clear();
    }

    /// Sends a host no more requests in this round.
    pub(super) fn close(&mut self, host: &str) {
        self.closed.push(host.to_owned());
    }

    /// Reports the pause that a host asks for; `body_wait_ms` is the wait that its body names.
    pub(super) async fn rate_limited(
        &mut self,
        manifest: &PlatformManifest,
        host: &str,
        response: &WebResponse,
        body_wait_ms: Option<u64>,
    ) -> StopReason {
        let now = self.clock.now();
        let until = limits::pause_until(&manifest.rate, response, body_wait_ms, now);
        let report = HostReport { pause_until: Some(until), ..HostReport::answered(host) };
        self.report(report).await;
        let wait = until.as_millisecond() - now.as_millisecond();
        let after_ms = Some(u64::try_from(wait).unwrap_or(0));
        StopReason::Retry { after_ms, why: format!("{host} asks for a pause") }
    }

    fn report_of(&mut self, host: &str) -> &mut HostReport {
        let known = self.reports.iter().position(|report| report.host == host);
        let index = known.unwrap_or_else(|| {
            self.reports.push(HostReport::answered(host));
            self.reports.len() - 1
        });
        &mut self.reports[index]
    }
}
