//! What this process knows of the hosts that it asks: their numbers, the leases that it holds, and
//! what it told the record of them. Shared by all jobs, so that they spend each other's leases
//! instead of asking for more. Losing it costs a few statements and the tokens of open leases.

use std::collections::HashMap;
use std::sync::Arc;

use model::Platform;
use model::budget::{Lease, Limit};
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

type Known = HashMap<(Platform, String), Arc<Mutex<Held>>>;

/// What is held of one host.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: HostId,
    leases: Vec<Lease>,
    /// The last good news told, and when.
    told: Option<(Option<Limit>, Timestamp)>,
}

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
    ) -> Result<Arc<Mutex<Held>>, StoreError> {
        let key = (platform, host.to_owned());
        if let Some(held) = self.known.lock().await.get(&key) {
            return Ok(Arc::clone(held));
        }
        let id = host::ids(pg, platform, &[host]).await?[0];
        let mut known = self.known.lock().await;
        if known.len() >= HOSTS_MAX {
            known.clear();
        }
        let fresh = || Arc::new(Mutex::new(Held { id, leases: Vec::new(), told: None }));
        Ok(Arc::clone(known.entry(key).or_insert_with(fresh)))
    }

    /// Tells the budgets what hosts let us know about themselves.
    pub(crate) async fn tell(
        &self,
        pg: &Pg,
        platform: Platform,
        news: &[HostNews],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for one in news {
            let held = self.of(pg, platform, &one.host).await?;
            let mut held = held.lock().await;
            if !held.has_told(one, now) {
                tell(pg, held.id, one, now).await?;
                held.told = one.answered.then_some((one.limit, now));
            }
        }
        Ok(())
    }
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
    /// Adds a lease.
    pub(crate) fn add(&mut self, lease: Lease) {
        self.leases.push(lease);
    }

    /// Takes a token that is still good, if there is one.
    pub(crate) fn spend(&mut self, now: Timestamp) -> bool {
        self.leases.retain(|lease| lease.tokens > 0 && now < lease.expires);
        // The one that ends first.
        let first = self.leases.iter_mut().min_by_key(|lease| lease.expires);
        first.map(|lease| lease.tokens -= 1).is_some()
    }

    /// Whether the record knows these news: good ones, told a moment ago.
    fn has_told(&self, news: &HostNews, now: Timestamp) -> bool {
        let fresh = |at: Timestamp| now.as_second() - at.as_second() < TELL_AGAIN_SECONDS;
        let same = |limit: Option<Limit>| news.limit.is_none() || news.limit == limit;
        let quiet = news.answered && news.pause_until.is_none();
        quiet && self.told.is_some_and(|(limit, at)| fresh(at) && same(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn held(leases: &[(u32, i64)]) -> Held {
        let lease = |&(tokens, expires)| Lease { tokens, expires: at(expires) };
        Held { id: HostId(1), leases: leases.iter().map(lease).collect(), told: None }
    }

    #[test]
    fn leases_are_spent_while_they_are_good_and_the_shortest_first() {
        let mut held = held(&[(1, 9), (2, 3)]);
        assert!(held.spend(at(0)) && held.spend(at(2)));
        assert_eq!(
            held.leases,
            [Lease { tokens: 1, expires: at(9) }, Lease { tokens: 0, expires: at(3) }]
        );
        assert!(held.spend(at(8)));
        assert!(!held.spend(at(8)));
        held.add(Lease { tokens: 5, expires: at(9) });
        assert!(!held.spend(at(9)));
    }

    #[test]
    fn only_good_news_that_are_known_go_untold() {
        let limit = Some(Limit { requests: 300, window_ms: 1_000 });
        let news = |answered, limit, pause_until| HostNews {
            host: "one.example".to_owned(),
            limit,
            pause_until,
            answered,
        };
        let mut held = held(&[]);
        assert!(!held.has_told(&news(true, limit, None), at(0)));
        held.told = Some((limit, at(0)));
        assert!(held.has_told(&news(true, limit, None), at(1)));
        assert!(held.has_told(&news(true, None, None), at(1)));
        let other = Some(Limit { requests: 30, window_ms: 1_000 });
        for telling in
            [news(true, other, None), news(false, limit, None), news(true, limit, Some(at(9)))]
        {
            assert!(!held.has_told(&telling, at(1)), "{telling:?}");
        }
        assert!(!held.has_told(&news(true, limit, None), at(TELL_AGAIN_SECONDS)));
    }
}
