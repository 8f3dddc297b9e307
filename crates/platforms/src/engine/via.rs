//! What the engine works through: the web, the clock, the host budgets, and a job's memory.

use std::future::Future;

use model::port::{Clock, Web, WebResponse};

use super::ask::Stop;
use super::memory::Memory;
use super::run::HostNews;
use crate::limits;
use crate::manifest::Manifest;

/// There is no token for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoToken {
    /// Milliseconds until asking again makes sense.
    pub wait_ms: u64,
}

/// Asked once before each request, and told what came of it. The caller's host budgets stand behind it.
pub trait Gate: Send {
    /// Takes one token for `host` (a lower-case host name, with its port unless it is the default).
    fn pass(&mut self, host: &str) -> impl Future<Output = Result<(), NoToken>> + Send;

    /// What a host's answer, or its silence, says of the host: before anything else is sent to it.
    fn heard(&mut self, news: &HostNews) -> impl Future<Output = ()> + Send {
        let _ = news;
        std::future::ready(())
    }
}

/// Lets everything pass and counts it: for one-off requests and tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OpenGate {
    /// How many requests passed.
    pub passed: u32,
}

impl Gate for OpenGate {
    async fn pass(&mut self, _host: &str) -> Result<(), NoToken> {
        self.passed += 1;
        Ok(())
    }
}

/// The engine's surroundings for one job. Concurrent rounds take one each and share the memory.
#[derive(Debug)]
pub struct Via<'a, W, C, G> {
    pub(crate) web: &'a W,
    pub(crate) clock: &'a C,
    pub(crate) gate: &'a mut G,
    pub(crate) memory: &'a Memory,
    news: Vec<HostNews>,
    /// Hosts that want no more requests in this round.
    closed: Vec<String>,
    pub(crate) requests: u32,
    /// The longest that the gate wanted a request to wait.
    pub(crate) wait_ms: u64,
}

impl<'a, W: Web, C: Clock, G: Gate> Via<'a, W, C, G> {
    /// Surroundings with no news yet.
    pub fn new(web: &'a W, clock: &'a C, gate: &'a mut G, memory: &'a Memory) -> Self {
        Via {
            web,
            clock,
            gate,
            memory,
            news: Vec::new(),
            closed: Vec::new(),
            requests: 0,
            wait_ms: 0,
        }
    }

    /// What hosts let us know since the last call, one entry per host.
    pub fn take_news(&mut self) -> Vec<HostNews> {
        std::mem::take(&mut self.news)
    }

    /// How long the gate wanted a request to wait since the last call, at most, in milliseconds.
    pub(crate) fn take_wait_ms(&mut self) -> u64 {
        std::mem::take(&mut self.wait_ms)
    }

    /// Keeps what a host let us know, and tells the gate.
    pub(super) async fn hear(&mut self, one: HostNews) {
        self.gate.heard(&one).await;
        if let Some(until) = one.pause_until {
            self.close(&one.host);
            let news = self.news_of(&one.host);
            news.pause_until = news.pause_until.max(Some(until));
        }
        let news = self.news_of(&one.host);
        news.answered = one.answered;
        news.limit = one.limit.or(news.limit);
    }

    /// Gives every host another chance: a new round begins.
    pub(crate) fn reopen(&mut self) {
        self.closed.clear();
    }

    pub(crate) fn is_closed(&self, host: &str) -> bool {
        self.closed.iter().any(|closed| closed == host)
    }

    pub(crate) fn close(&mut self, host: &str) {
        self.closed.push(host.to_owned());
    }

    /// The host asks for a pause: it is kept, and told.
    pub(super) async fn rate_limited(
        &mut self,
        manifest: &Manifest,
        host: &str,
        response: &WebResponse,
        told_ms: Option<u64>,
    ) -> Stop {
        let now = self.clock.now();
        let until = limits::pause_until(&manifest.rate, response, told_ms, now);
        let pause_until = Some(until);
        self.hear(HostNews { host: host.to_owned(), limit: None, pause_until, answered: true })
            .await;
        let wait = until.as_millisecond() - now.as_millisecond();
        let after_ms = Some(u64::try_from(wait).unwrap_or(0));
        Stop::Retry { after_ms, why: format!("{host} asks for a pause") }
    }

    fn news_of(&mut self, host: &str) -> &mut HostNews {
        let known = self.news.iter().position(|news| news.host == host);
        let index = known.unwrap_or_else(|| {
            self.news.push(HostNews {
                host: host.to_owned(),
                limit: None,
                pause_until: None,
                answered: true,
            });
            self.news.len() - 1
        });
        &mut self.news[index]
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }
}
