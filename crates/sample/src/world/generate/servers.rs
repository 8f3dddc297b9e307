//! The fediverse's servers, the accounts on each, and the states of accounts.

use crate::random::SeededRandom;
use crate::world::account::{AccountId, AccountState};
use crate::world::builder::WorldBuilder;
use crate::world::config::WorldConfig;
use crate::world::{AccountKind, HostNature, PlantedHost, RobotsPolicy};

use super::WorldDraws;

const NAMES: [&str; 24] = [
    "alpha", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper",
    "kelp", "lagoon", "meadow", "north", "ocean", "pine", "quartz", "river", "stone", "tundra",
    "umber", "valley", "willow", "zephyr",
];

/// The odd servers, which come last, and the share of the fediverse on each.
const ODD: [(HostNature, f64); 5] = [
    (HostNature::Old, 0.04),
    (HostNature::Slow, 0.01),
    (HostNature::Flaky, 0.04),
    (HostNature::Snac, 0.02),
    (HostNature::Broken, 0.015),
];

/// How many times as many accounts are undecided on snac, which does not request a decision.
const UNASKED: f64 = 4.0;

/// The index of the server whose handles are at another domain, if it is an ordinary one.
const SPLIT: usize = 2;

/// Worlds with fewer servers than this have ordinary ones only.
const HOSTS_WITH_ODD_MIN: usize = 12;

/// A server, and the share of accounts on it and on those before it.
struct SizedServer {
    cumulative: f64,
    host: u16,
}

/// The fediverse's servers as a choice by size.
pub(super) struct ServerChoice {
    servers: Vec<SizedServer>,
    ordinary: usize,
}

impl ServerChoice {
    /// Adds the servers to the world.
    pub(super) fn add(config: &WorldConfig, builder: &mut WorldBuilder) -> ServerChoice {
        let count = usize::from(config.hosts).clamp(1, NAMES.len());
        let odd = if count >= HOSTS_WITH_ODD_MIN { ODD.len() } else { 0 };
        let ordinary = count - odd;
        let rest = 1.0 - ODD[..odd].iter().map(|(_, share)| share).sum::<f64>();
        let zipf: Vec<f64> = (0..ordinary).map(|rank| 1.0 / (rank as f64 + 2.0)).collect();
        let total: f64 = zipf.iter().sum();
        let plain = zipf.iter().map(|share| (HostNature::Mastodon, rest * share / total));
        let mut servers = Vec::new();
        let mut sum = 0.0;
        for (at, (nature, share)) in plain.chain(ODD[..odd].iter().copied()).enumerate() {
            sum += share;
            let host =
                PlantedHost { robots: robots(config, at, ordinary), ..host(at, nature, ordinary) };
            servers.push(SizedServer { cumulative: sum, host: builder.add_host(host) });
        }
        ServerChoice { servers, ordinary }
    }

    /// A random server by size.
    pub(super) fn draw(&self, dice: &mut SeededRandom) -> u16 {
        let x = dice.unit();
        let at = self.servers.partition_point(|server| server.cumulative <= x);
        self.servers[at.min(self.servers.len() - 1)].host
    }

    /// A random ordinary server.
    pub(super) fn draw_ordinary(&self, dice: &mut SeededRandom) -> u16 {
        self.servers[dice.below(self.ordinary)].host
    }
}

/// The server at an index. The handles of one of them are at a domain without `social`.
fn host(at: usize, nature: HostNature, ordinary: usize) -> PlantedHost {
    let name = NAMES[at];
    let split = at == SPLIT && at < ordinary;
    let domain = split.then(|| format!("{name}.test"));
    PlantedHost { domain, ..PlantedHost::new(&format!("{name}.social.test"), nature) }
}

/// The robots.txt of the server at an index.
fn robots(config: &WorldConfig, at: usize, ordinary: usize) -> RobotsPolicy {
    let own = [RobotsPolicy::NoApi, RobotsPolicy::NoBorg, RobotsPolicy::OnlyBorg];
    let first = ordinary.saturating_sub(own.len()).max(SPLIT + 1);
    let place = at.checked_sub(first).filter(|_| config.robots && at < ordinary);
    place.and_then(|place| own.get(place)).copied().unwrap_or_default()
}

/// Whether an account is ordinary and not a seed.
fn is_plain(draws: &WorldDraws<'_>, account: AccountId) -> bool {
    let honest = draws.kind(account) != AccountKind::Fake && !draws.traits(account).decoy;
    let state = draws.builder.accounts[account.index()].state;
    honest && state == AccountState::Public && !draws.builder.seeds.contains(&account)
}

/// Deletes, suspends, hides and opts out shares of the honest accounts.
pub(super) fn assign_states(draws: &mut WorldDraws<'_>) {
    let mut dice = SeededRandom::new(draws.config.seed, "states");
    for account in draws.accounts() {
        let x = dice.unit();
        if draws.kind(account) != AccountKind::Fake && !draws.traits(account).decoy {
            draws.builder.edit(account).state = state(draws, account, x);
        }
    }
}

/// Makes some public accounts undecided. Drawn last and separately, so that this share changes only
/// consent.
pub(super) fn assign_undecided(draws: &mut WorldDraws<'_>) {
    let mut dice = SeededRandom::new(draws.config.seed, "undecided");
    for account in draws.accounts() {
        let share = match draws.nature(account) {
            HostNature::Bluesky => 0.0,
            HostNature::Snac => UNASKED * draws.config.undecided_share,
            _ => draws.config.undecided_share,
        };
        if dice.chance(share) && is_plain(draws, account) {
            draws.builder.edit(account).state = AccountState::Undecided;
        }
    }
}

/// The state for a draw of `x` in `[0, 1)`. An account whose server cannot show an opt-out stays
/// public.
fn state(draws: &WorldDraws<'_>, account: AccountId, x: f64) -> AccountState {
    let config = draws.config;
    let nature = draws.nature(account);
    let shows_consent = matches!(
        nature,
        HostNature::Bluesky | HostNature::Mastodon | HostNature::Slow | HostNature::Flaky
    );
    let shows_lists = shows_consent && nature != HostNature::Bluesky;
    let shares = [
        (AccountState::Deleted, config.deleted_share, true),
        (AccountState::Suspended, config.suspended_share, true),
        (AccountState::OptedOut, config.opted_out_share, shows_consent),
        (AccountState::Unlisted, config.unlisted_share, shows_lists),
        (AccountState::HiddenLists, config.hidden_share, shows_lists),
    ];
    let mut sum = 0.0;
    for (state, share, applies) in shares {
        sum += share;
        if x < sum {
            return if applies { state } else { AccountState::Public };
        }
    }
    AccountState::Public
}
