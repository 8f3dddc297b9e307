//! Seeds: the best-followed people of each platform, from whom everybody public can be found.

use crate::random::Dice;
use crate::world::account::{AccountId, State};
use crate::world::reach::Ground;
use crate::world::{Kind, Nature};

use super::pools::Pools;
use super::{Draws, Lists};

/// How many seeds a platform has at most.
const SEEDS: usize = 3;
/// How often an anchor is looked for in the community before a seed becomes the anchor.
const TRIES: usize = 40;

/// Chooses the seeds, then lets somebody whose lists are readable follow each public account that
/// could not be found yet.
pub(super) fn plant(draws: &mut Draws<'_>, pools: &Pools, lists: &Lists) {
    let seeds = choose(draws, lists);
    let accounts = &draws.builder.accounts;
    let ground = Ground {
        hosts: &draws.builder.hosts,
        accounts,
        follows: &lists.out,
        followers: &lists.back,
    };
    let found = ground.found_from(&seeds);
    let mut dice = Dice::new(draws.config.seed, "anchors");
    let mut missing = Vec::new();
    for account in draws.accounts() {
        if found[account.index()] || !ground.is_knowable(account) {
            continue;
        }
        let fits = |anchor: &AccountId| found[anchor.index()] && ground.shows_lists(*anchor);
        let leaf = accounts[account.index()].leaf.map(usize::from);
        let side = draws.side(account);
        let pool = leaf.map(|leaf| &pools.0[side].leaves[leaf]);
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

/// The best-followed people of each platform with nothing odd about them.
fn choose(draws: &Draws<'_>, lists: &Lists) -> Vec<AccountId> {
    let mut plain: Vec<AccountId> = draws
        .accounts()
        .filter(|&account| {
            let state = draws.builder.accounts[account.index()].state;
            let home = matches!(draws.nature(account), Nature::Bluesky | Nature::Mastodon);
            home && draws.host(account).is_readable()
                && state == State::Public
                && draws.kind(account) == Kind::Person
        })
        .collect();
    plain.sort_by_key(|&a| (std::cmp::Reverse(lists.back.row(a.index()).len()), a));
    let of = |side| plain.iter().copied().filter(move |&a| draws.side(a) == side).take(SEEDS);
    of(0).chain(of(1)).collect()
}
