//! The share of a tick that each host gets: how many profiles, and the lease for their requests.

use model::budget::{HostLimit, TokenLease};
use model::time::Timestamp;
use store::pg::frontier::DueHost;
use store::pg::host::{self, Host, HostGrant, TokenRequest};
use store::{Pg, StoreError};

use crate::{DispatchSettings, HostPace};

/// The most hosts that one tick looks at.
pub const HOSTS_MAX: u32 = 1_000;

/// Leases that live shorter than this are not worth sending: the fetch takes its own.
const TRAVEL_MS_MIN: u32 = 5_000;

/// A host's share of a tick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HostShare {
    pub(crate) host: Host,
    pub(crate) pace: HostPace,
    /// How many profiles it gets, as far as its lease is good for them.
    pub(crate) profiles: u32,
    pub(crate) lease: HostLease,
}

/// What the host's budget granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostLease {
    /// Its leases are too short-lived to travel in a job: each fetch takes its own.
    OfFetch,
    /// A lease to travel in the jobs.
    Granted(TokenLease),
    /// No tokens now: the host gets nothing.
    Wait,
}

impl HostShare {
    /// How many profiles its lease is good for; `None` if there are none.
    pub(crate) fn affordable(&self) -> Option<u32> {
        let profiles = match self.lease {
            HostLease::Wait => 0,
            HostLease::OfFetch => self.profiles,
            // An empty lease says nothing: the fetch takes its own.
            HostLease::Granted(lease) if lease.tokens == 0 => self.profiles,
            HostLease::Granted(lease) => {
                self.profiles.min(lease.tokens.div_ceil(self.pace.requests_a_profile.max(1)))
            }
        };
        Some(profiles).filter(|&profiles| profiles > 0)
    }

    /// The lease that travels in its jobs; an empty one where each fetch takes its own.
    pub(crate) fn travelling(&self, now: Timestamp) -> TokenLease {
        match self.lease {
            HostLease::Granted(lease) => lease,
            HostLease::OfFetch | HostLease::Wait => TokenLease { tokens: 0, expires: now },
        }
    }

    fn limit(&self) -> HostLimit {
        self.host.announced.unwrap_or(self.pace.limit)
    }

    fn want(&self) -> TokenRequest {
        TokenRequest {
            host: self.host.id,
            tokens: self.profiles.saturating_mul(self.pace.requests_a_profile),
            default: self.pace.limit,
        }
    }
}

/// The shares of the hosts of crawled platforms, without leases: room for `room` jobs is divided
/// evenly, and what a host does not need goes to the others, in their order.
pub(crate) fn shares(due: Vec<DueHost>, settings: &DispatchSettings, room: u64) -> Vec<HostShare> {
    let share = |one: DueHost| {
        let pace = *settings.paces.get(&one.host.platform)?;
        Some(HostShare { host: one.host, pace, profiles: one.due, lease: HostLease::OfFetch })
    };
    let mut shares: Vec<HostShare> = due.into_iter().filter_map(share).collect();
    let wants: Vec<u32> = shares.iter().map(|one| one.profiles).collect();
    let profiles = room.saturating_mul(u64::from(settings.job_profiles.max(1)));
    let divided = divide(&wants, profiles.min(settings.profiles_max));
    for (share, profiles) in shares.iter_mut().zip(divided) {
        share.profiles = profiles;
    }
    shares
}

/// Leases tokens for all hosts whose leases live long enough to travel in a job.
pub(crate) async fn lease(
    pg: &Pg,
    shares: &mut [HostShare],
    now: Timestamp,
) -> Result<(), StoreError> {
    let travels = |one: &HostShare| one.limit().lease_ms() >= TRAVEL_MS_MIN;
    let mut travelling: Vec<&mut HostShare> =
        shares.iter_mut().filter(|one| travels(one)).collect();
    let wants: Vec<TokenRequest> = travelling.iter().map(|one| one.want()).collect();
    let grants = host::lease(pg, &wants, now).await?;
    for (share, grant) in travelling.iter_mut().zip(grants) {
        share.lease = match grant {
            HostGrant::Lease(lease) => HostLease::Granted(lease),
            HostGrant::Wait { .. } => HostLease::Wait,
        };
    }
    Ok(())
}

/// Divides `total` among parties that want so much each: none gets more than it wants, and none less
/// than another that wants as much, but for one.
fn divide(wants: &[u32], total: u64) -> Vec<u32> {
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|&at| (wants[at], at));
    let mut shares = vec![0; wants.len()];
    let mut left = total;
    for (done, &at) in order.iter().enumerate() {
        let fair = left.div_ceil((wants.len() - done) as u64);
        let share = u64::from(wants[at]).min(fair).min(left);
        shares[at] = u32::try_from(share).unwrap_or(u32::MAX);
        left -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use model::Platform;
    use store::pg::host::HostId;

    use super::*;

    #[test]
    fn room_is_shared_evenly_and_the_rest_goes_to_the_others() {
        assert_eq!(divide(&[1000, 10, 1000], 210), [100, 10, 100]);
        assert_eq!(divide(&[5, 5], 100), [5, 5]);
        assert_eq!(divide(&[9, 9, 9], 2).iter().sum::<u32>(), 2);
        assert!(divide(&[], 7).is_empty());
    }

    fn share(profiles: u32, lease: HostLease) -> HostShare {
        let at = Timestamp::UNIX_EPOCH;
        let host = Host {
            id: HostId(1),
            platform: Platform::BLUESKY,
            name: "one.example".to_owned(),
            announced: None,
            not_before: at,
            failures: 0,
            broken_until: at,
        };
        let limit = HostLimit { requests: 300, window_ms: 300_000 };
        HostShare { host, pace: HostPace { limit, requests_a_profile: 6 }, profiles, lease }
    }

    #[test]
    fn a_lease_bounds_the_profiles() {
        let now = Timestamp::UNIX_EPOCH;
        let granted = |tokens| HostLease::Granted(TokenLease { tokens, expires: now });
        assert_eq!(share(10, granted(60)).affordable(), Some(10));
        assert_eq!(share(10, granted(13)).affordable(), Some(3));
        assert_eq!(share(10, granted(0)).affordable(), Some(10));
        assert_eq!(share(10, HostLease::OfFetch).affordable(), Some(10));
        assert_eq!(share(10, HostLease::Wait).affordable(), None);
        assert_eq!(share(0, granted(60)).affordable(), None);
        assert_eq!(share(1, HostLease::OfFetch).travelling(now).tokens, 0);
    }
}
