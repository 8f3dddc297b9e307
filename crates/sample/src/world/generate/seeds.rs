//! Seeds: the most followed people of each platform, from which all public accounts can be found.

use crate::random::SeededRandom;
use crate::world::account::{AccountId, AccountState};
use crate::world::builder::FollowLists;
use crate::world::reach::CrawlerView;
use crate::world::{AccountKind, HostNature};

use super::WorldDraws;
use super::pools::WorldPools;

/// How many seeds a platform has at most.
const SEEDS: usize = 3;
/// How often an anchor is drawn from the community before a seed becomes the anchor.
const TRIES: usize = 40;

/// Chooses the seeds, then adds a follow from an account with readable lists to each public account
/// that could not be found yet.
pub(super) fn plant(draws: &mut WorldDraws<'_>, pools: &WorldPools, lists: &FollowLists) {
    let seeds = choose(draws, lists);
    let accounts = &draws.builder.accounts;
    let view = CrawlerView {
        hosts: &draws.builder.hosts,
        accounts,
        follows: &lists.follows,
        followers: &lists.followers,
    };
    let found = view.found_from(&seeds);
    let mut dice = SeededRandom::new(draws.config.seed, "anchors");
    let mut missing = Vec::new();
    for account in draws.accounts() {
        if found[account.index()] || !view.is_crawlable(account) {
            continue;
        }
        let fits = |anchor: &AccountId| found[anchor.index()] && view.shows_lists(*anchor);
        let leaf = accounts[account.index()].leaf.map(usize::from);
        let side = draws.side(account);
        let pool = leaf.map(|leaf| &pools.sides[side].leaves[leaf]);
        let drawn =
            pool.and_then(|pool| (0..TRIES).filter_map(|_| pool.draw_evenly(&mut dice)).find(fits));
        let seed = || seeds.iter().copied().find(|&seed| draws.side(seed) == side);
        missing.extend(drawn.or_else(seed).map(|anchor| (anchor, account)));
    }
    for (anchor, account) in missing {
        draws.builder.follow(anchor, account);
    }
    for seed in seeds {
        draws.builder.seed(seed);
    }
}

/// The most followed ordinary people of each platform.
fn choose(draws: &WorldDraws<'_>, lists: &FollowLists) -> Vec<AccountId> {
    let mut plain: Vec<AccountId> = draws
        .accounts()
        .filter(|&account| {
            let state = draws.builder.accounts[account.index()].state;
            let home = matches!(draws.nature(account), HostNature::Bluesky | HostNature::Mastodon);
            home && draws.host(account).is_readable()
                && state == AccountState::Public
                && draws.kind(account) == AccountKind::Person
        })
        .collect();
    plain.sort_by_key(|&a| (std::cmp::Reverse(lists.followers.row(a.index()).len()), a));
    let of = |side| plain.iter().copied().filter(move |&a| draws.side(a) == side).take(SEEDS);
    of(0).chain(of(1)).collect()
}
