//! Numbers that are valid on one host only, like Mastodon's snowflakes.

use crate::world::{AccountId, PlantedPost, PostId};

const FIRST: u64 = 109_000_000_000_000_000;
const PER_HOST: u64 = 70_000_000_003;
const PER_ACCOUNT: u64 = 1_000_003;
/// The first number of a follow; lists are paged by these, not by accounts.
const FIRST_FOLLOW: u64 = 4_000_000;

/// The number of an account on a host.
pub(super) fn account_number(host: u16, account: AccountId) -> u64 {
    FIRST + u64::from(host) * PER_HOST + u64::from(account.0) * PER_ACCOUNT
}

/// The account with a number on a host; its index may be out of range.
pub(super) fn account_of(host: u16, number: u64) -> Option<AccountId> {
    let code = number.checked_sub(FIRST + u64::from(host) * PER_HOST)?;
    let index = u32::try_from(code / PER_ACCOUNT).ok()?;
    code.is_multiple_of(PER_ACCOUNT).then_some(AccountId(index))
}

/// The number of a post: milliseconds, then 16 bits of the post's id.
pub(super) fn status_number(id: PostId, post: &PlantedPost) -> u64 {
    (u64::from(post.at) * 1_000) << 16 | u64::from(id.0 & 0xffff)
}

/// The number of the follow at a position in a list of `len`, the newest first.
pub(super) fn follow_number(len: usize, position: usize) -> u64 {
    FIRST_FOLLOW + 3 * (len - position) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_by_host_and_lead_back() {
        for (host, account) in [(1, 0), (1, 19_999), (24, 7)] {
            let number = account_number(host, AccountId(account));
            assert_eq!(account_of(host, number), Some(AccountId(account)));
            assert_ne!(account_of(host + 1, number), Some(AccountId(account)));
            assert_eq!(account_of(host, number + 1), None);
        }
        assert_eq!(account_of(3, 12), None);
    }
}
