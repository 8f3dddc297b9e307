//! How many profiles of each host a tick asks for. Pure arithmetic.

use model::budget::TokenLease;
use store::pg::frontier::DueHost;

use crate::Settings;

/// The most hosts that one tick looks at.
pub const HOSTS_MAX: u32 = 1_000;

/// Profiles wished for each host: room is shared evenly, and what a host does not need goes to the
/// others, in their order.
pub(crate) fn wishes(due: &[DueHost], settings: &Settings, room: u64) -> Vec<u32> {
    let counts: Vec<u32> = due.iter().map(|one| one.due).collect();
    let profiles = room.saturating_mul(u64::from(settings.job_profiles.max(1)));
    divide(&counts, profiles.min(settings.profiles_max))
}

/// Divides `total` among those who want so much each: nobody gets more than it wants, and nobody
/// less than another who wants as much, but for one.
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

/// Profiles to claim of a host under a lease; `None` where it must wait or wants none. An empty
/// lease says nothing: the fetch takes its own.
pub(crate) fn claim(
    lease: Option<TokenLease>,
    wish: u32,
    settings: &Settings,
    due: &DueHost,
) -> Option<u32> {
    let lease = lease?;
    let requests = settings.paces[&due.host.platform].requests_a_profile.max(1);
    let affordable = if lease.tokens == 0 { wish } else { lease.tokens.div_ceil(requests) };
    Some(wish.min(affordable)).filter(|&profiles| profiles > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_what_is_not_needed_goes_on() {
        assert_eq!(divide(&[1000, 10, 1000], 210), [100, 10, 100]);
        assert_eq!(divide(&[5, 5], 100), [5, 5]);
        assert_eq!(divide(&[9, 9, 9], 2).iter().sum::<u32>(), 2);
        assert!(divide(&[], 7).is_empty());
    }
}
