//! What this process knows of the hosts that it asks: their numbers, the leases that it holds, and
//! what it told the record of them. Shared by all jobs, so that they spend each other's leases
//! instead of asking for more. Losing it costs a few statements and the tokens of open leases.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use model::Platform;
use model::budget::{HostLimit, TokenLease};
use model::time::Timestamp;
use platforms::engine::HostNews;
use store::pg::host::{self, HostId};
use store::{Pg, StoreError};
use tokio::sync::Mutex;

/// The most hosts remembered; beyond them it starts anew.
const HOSTS_MAX: usize = 100_000;

/// For so long a host's good news is not told again, in seconds: another process may have told of
/// trouble meanwhile.
const TELL_AGAIN_SECONDS: i64 = 5;

/// The hosts of a process.
#[derive(Debug, Default)]
pub struct Hosts {
    known: Mutex<Known>,
}

type Known = HashMap<(Platform, String), Arc<Held>>;

/// What is held of one host.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: HostId,
    /// Locked by whoever waits for a token, so that those behind find the lease that it got.
    pub(crate) leases: Mutex<Leases>,
    /// Whether it has answered this process: before that, its limit may be another than is thought.
    is_known: AtomicBool,
    /// Whether the leases so far are void.
    is_void: AtomicBool,
    /// The last good news told, and when.
    told: std::sync::Mutex<Option<Told>>,
}

/// A limit that was announced, if one was, and when it was told.
type Told = (Option<HostLimit>, Timestamp);

/// The leases of a host that may still be good.
#[derive(Debug, Default)]
pub(crate) struct Leases(Vec<TokenLease>);

impl Hosts {
    /// Nothing known.
    pub fn new() -> Hosts {
        Hosts::default()
    }

    /// What is held of a host; the record gives one that is new its number.
    pub(crate) async fn of(
        &self,
        pg: &Pg,
        platform: Platform,
        host: &str,
    ) -> Result<Arc<Held>, StoreError> {
        let key = (platform, host.to_owned());
        if let Some(held) = self.known.lock().await.get(&key) {
            return Ok(Arc::clone(held));
        }
        let id = host::ids(pg, platform, &[host]).await?[0];
        let mut known = self.known.lock().await;
        if known.len() >= HOSTS_MAX {
            known.clear();
        }
        let fresh = || Arc::new(Held::new(id));
        Ok(Arc::clone(known.entry(key).or_insert_with(fresh)))
    }

    /// Tells a host's budget what the host lets us know about itself. Leases given under a limit
    /// (`default`, as long as none was announced) that turns out to be wider than the host's own are
    /// void, and so are all of a host that wants silence.
    pub(crate) async fn tell(
        &self,
        pg: &Pg,
        (platform, default): (Platform, Option<HostLimit>),
        news: &HostNews,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let held = self.of(pg, platform, &news.host).await?;
        held.is_known.fetch_or(news.answered, Ordering::Relaxed);
        if held.has_told(news, now) {
            return Ok(());
        }
        let believed = held.announced().or(default);
        let is_stricter = news.limit.zip(believed).is_some_and(|(own, other)| stricter(own, other));
        if is_stricter || news.pause_until.is_some() {
            held.is_void.store(true, Ordering::Release);
        }
        tell(pg, held.id, news, now).await?;
        if is_stricter {
            host::drain(pg, held.id, now).await?;
        }
        *held.told() = news.answered.then_some((news.limit, now));
        Ok(())
    }
}

/// Whether a limit allows less than another: at once, or in the long run.
fn stricter(own: HostLimit, other: HostLimit) -> bool {
    let pace =
        |one: HostLimit, window: HostLimit| u64::from(one.requests) * u64::from(window.window_ms);
    own.burst() < other.burst() || pace(own, other) < pace(other, own)
}

async fn tell(pg: &Pg, id: HostId, news: &HostNews, now: Timestamp) -> Result<(), StoreError> {
    if let Some(limit) = news.limit {
        host::announce(pg, id, limit).await?;
    }
    if let Some(until) = news.pause_until {
        host::pause(pg, id, until, now).await?;
    }
    match news.answered {
        true => host::worked(pg, id).await,
        false => host::failed(pg, id, now).await.map(|_| ()),
    }
}

impl Held {
    fn new(id: HostId) -> Held {
        Held {
            id,
            leases: Mutex::default(),
            is_known: AtomicBool::new(false),
            is_void: AtomicBool::new(false),
            told: std::sync::Mutex::default(),
        }
    }

    /// Whether the host has answered this process.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Takes a token that is still good, if there is one.
    pub(crate) fn spend(&self, leases: &mut Leases, now: Timestamp) -> bool {
        if self.is_void.swap(false, Ordering::AcqRel) {
            leases.0.clear();
        }
        leases.spend(now)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Option<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limit that it announced, as far as this process knows.
    fn announced(&self) -> Option<HostLimit> {
        (*self.told()).and_then(|(limit, _)| limit)
    }

    /// Whether the record knows these news: good ones, told a moment ago.
    fn has_told(&self, news: &HostNews, now: Timestamp) -> bool {
        let fresh = |at: Timestamp| now.as_second() - at.as_second() < TELL_AGAIN_SECONDS;
        let same = |limit: Option<HostLimit>| news.limit.is_none() || news.limit == limit;
        let quiet = news.answered && news.pause_until.is_none();
        quiet && (*self.told()).is_some_and(|(limit, at)| fresh(at) && same(limit))
    }
}

impl Leases {
    /// Adds a lease.
    pub(crate) fn add(&mut self, lease: TokenLease) {
        self.0.push(lease);
    }

    fn spend(&mut self, now: Timestamp) -> bool {
        self.0.retain(|lease| lease.tokens > 0 && now < lease.expires);
        // The one that ends first.
        let first = self.0.iter_mut().min_by_key(|lease| lease.expires);
        first.map(|lease| lease.tokens -= 1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn leases(leases: &[(u32, i64)]) -> Leases {
        let lease = |&(tokens, expires)| TokenLease { tokens, expires: at(expires) };
        Leases(leases.iter().map(lease).collect())
    }

    #[test]
    fn leases_are_spent_while_they_are_good_and_the_shortest_first() {
        let mut leases = leases(&[(1, 9), (2, 3)]);
        assert!(leases.spend(at(0)) && leases.spend(at(2)));
        assert_eq!(
            leases.0,
            [TokenLease { tokens: 1, expires: at(9) }, TokenLease { tokens: 0, expires: at(3) }]
        );
        assert!(leases.spend(at(8)));
        assert!(!leases.spend(at(8)));
        leases.add(TokenLease { tokens: 5, expires: at(9) });
        assert!(!leases.spend(at(9)));
    }

    #[test]
    fn leases_that_are_void_are_not_spent() {
        let (held, mut leases) = (Held::new(HostId(1)), leases(&[(5, 9)]));
        assert!(held.spend(&mut leases, at(0)));
        held.is_void.store(true, Ordering::Release);
        assert!(!held.spend(&mut leases, at(0)));
        leases.add(TokenLease { tokens: 1, expires: at(9) });
        assert!(held.spend(&mut leases, at(0)));
    }

    #[test]
    fn a_limit_is_stricter_by_its_pace_or_its_burst() {
        let limit = |requests, window_ms| HostLimit { requests, window_ms };
        assert!(stricter(limit(30, 10_000), limit(300, 300_000)));
        assert!(stricter(limit(100, 300_000), limit(300, 300_000)));
        assert!(!stricter(limit(300, 300_000), limit(300, 300_000)));
        assert!(!stricter(limit(3_000, 300_000), limit(300, 300_000)));
    }

    #[test]
    fn only_good_news_that_are_known_go_untold() {
        let limit = Some(HostLimit { requests: 300, window_ms: 1_000 });
        let news = |answered, limit, pause_until| HostNews {
            host: "one.example".to_owned(),
            limit,
            pause_until,
            answered,
        };
        let held = Held::new(HostId(1));
        assert!(!held.has_told(&news(true, limit, None), at(0)));
        *held.told() = Some((limit, at(0)));
        assert!(held.has_told(&news(true, limit, None), at(1)));
        assert!(held.has_told(&news(true, None, None), at(1)));
        let other = Some(HostLimit { requests: 30, window_ms: 1_000 });
        for telling in
            [news(true, other, None), news(false, limit, None), news(true, limit, Some(at(9)))]
        {
            assert!(!held.has_told(&telling, at(1)), "{telling:?}");
        }
        assert!(!held.has_told(&news(true, limit, None), at(TELL_AGAIN_SECONDS)));
    }
}
