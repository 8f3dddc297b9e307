//! The fediverse's servers, how many live on each, and how accounts stand with them.

use crate::random::Dice;
use crate::world::account::{AccountId, State};
use crate::world::builder::WorldBuilder;
use crate::world::config::WorldConfig;
use crate::world::{Host, Kind, Nature, Robots};

use super::Draws;

const NAMES: [&str; 24] = [
    "alpha", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper",
    "kelp", "lagoon", "meadow", "north", "ocean", "pine", "quartz", "river", "stone", "tundra",
    "umber", "valley", "willow", "zephyr",
];

/// The odd servers, which come last, and the share of the fediverse on each.
const ODD: [(Nature, f64); 5] = [
    (Nature::Old, 0.04),
    (Nature::Slow, 0.01),
    (Nature::Flaky, 0.04),
    (Nature::Snac, 0.02),
    (Nature::Broken, 0.015),
];

/// On snac, which does not ask, so many times as many have never decided.
const UNASKED: f64 = 4.0;

/// The server whose handles are at another domain, in worlds that have so many ordinary ones.
const SPLIT: usize = 2;

/// Worlds with fewer servers than this have ordinary ones only.
const HOSTS_WITH_ODD_MIN: usize = 12;

/// The fediverse's servers as a choice by size.
pub(super) struct Servers {
    up_to: Vec<(f64, u16)>,
    ordinary: usize,
}

impl Servers {
    /// Adds the servers to the world.
    pub(super) fn add(config: &WorldConfig, builder: &mut WorldBuilder) -> Servers {
        let count = usize::from(config.hosts).clamp(1, NAMES.len());
        let odd = if count >= HOSTS_WITH_ODD_MIN { ODD.len() } else { 0 };
        let ordinary = count - odd;
        let rest = 1.0 - ODD[..odd].iter().map(|odd| odd.1).sum::<f64>();
        let zipf: Vec<f64> = (0..ordinary).map(|rank| 1.0 / (rank as f64 + 2.0)).collect();
        let total: f64 = zipf.iter().sum();
        let plain = zipf.iter().map(|share| (Nature::Mastodon, rest * share / total));
        let mut up_to = Vec::new();
        let mut sum = 0.0;
        for (at, (nature, share)) in plain.chain(ODD[..odd].iter().copied()).enumerate() {
            sum += share;
            let host = Host { robots: robots(config, at, ordinary), ..host(at, nature, ordinary) };
            up_to.push((sum, builder.add_host(host)));
        }
        Servers { up_to, ordinary }
    }

    /// Any server, the bigger the likelier.
    pub(super) fn draw(&self, dice: &mut Dice) -> u16 {
        let x = dice.unit();
        let at = self.up_to.partition_point(|server| server.0 <= x);
        self.up_to[at.min(self.up_to.len() - 1)].1
    }

    /// Any ordinary server.
    pub(super) fn draw_ordinary(&self, dice: &mut Dice) -> u16 {
        self.up_to[dice.below(self.ordinary)].1
    }
}

/// The server at a place. The handles of one of them are at a domain without `social`.
fn host(at: usize, nature: Nature, ordinary: usize) -> Host {
    let name = NAMES[at];
    let split = at == SPLIT && at < ordinary;
    let domain = split.then(|| format!("{name}.test"));
    Host { domain, ..Host::new(&format!("{name}.social.test"), nature) }
}

/// The robots.txt of the server at a place.
fn robots(config: &WorldConfig, at: usize, ordinary: usize) -> Robots {
    let own = [Robots::NoApi, Robots::NoBorg, Robots::OnlyBorg];
    let first = ordinary.saturating_sub(own.len()).max(SPLIT + 1);
    let place = at.checked_sub(first).filter(|_| config.robots && at < ordinary);
    place.and_then(|place| own.get(place)).copied().unwrap_or_default()
}

/// Whether nothing is odd about an account, and no crawl begins there.
fn is_plain(draws: &Draws<'_>, account: AccountId) -> bool {
    let honest = draws.kind(account) != Kind::Fake && !draws.standing(account).decoy;
    let state = draws.builder.accounts[account.index()].state;
    honest && state == State::Public && !draws.builder.seeds.contains(&account)
}

/// Deletes, suspends, hides and opts out shares of the honest accounts.
pub(super) fn assign_states(draws: &mut Draws<'_>) {
    let mut dice = Dice::new(draws.config.seed, "states");
    for account in draws.accounts() {
        let x = dice.unit();
        if draws.kind(account) != Kind::Fake && !draws.standing(account).decoy {
            draws.builder.edit(account).state = state(draws, account, x);
        }
    }
}

/// Lets some of those who are simply public never have decided whether to be discoverable. Drawn
/// last and apart from all else, so that this share changes nothing but consent.
pub(super) fn assign_undecided(draws: &mut Draws<'_>) {
    let mut dice = Dice::new(draws.config.seed, "undecided");
    for account in draws.accounts() {
        let share = match draws.nature(account) {
            Nature::Bluesky => 0.0,
            Nature::Snac => UNASKED * draws.config.undecided_share,
            _ => draws.config.undecided_share,
        };
        if dice.chance(share) && is_plain(draws, account) {
            draws.builder.edit(account).state = State::Undecided;
        }
    }
}

/// The state that a draw of `x` in `[0, 1)` means. Who cannot tell a crawler that it opts out
/// stays public: nobody could know.
fn state(draws: &Draws<'_>, account: AccountId, x: f64) -> State {
    let config = draws.config;
    let nature = draws.nature(account);
    let tells = matches!(nature, Nature::Bluesky | Nature::Mastodon | Nature::Slow | Nature::Flaky);
    let lists = tells && nature != Nature::Bluesky;
    let shares = [
        (State::Deleted, config.deleted_share, true),
        (State::Suspended, config.suspended_share, true),
        (State::OptedOut, config.opted_out_share, tells),
        (State::Unlisted, config.unlisted_share, lists),
        (State::HiddenLists, config.hidden_share, lists),
    ];
    let mut sum = 0.0;
    for (state, share, applies) in shares {
        sum += share;
        if x < sum {
            return if applies { state } else { State::Public };
        }
    }
    State::Public
}
