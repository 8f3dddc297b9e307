//! The shape of a generated world: its seed, its size and its mixture.

/// The shape of a world. Shares are of all accounts, except where another base is named.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldConfig {
    /// One seed makes one world, on every machine.
    pub seed: u64,
    /// Accounts on both platforms together.
    pub accounts: u32,
    /// Planted communities of the finer level, at most 60; four to each of the coarser level.
    pub leaves: u16,
    /// Fediverse servers, at most 24; with 12 and more, the last five are odd ones. The handles of
    /// the third are at a domain of their own.
    pub hosts: u16,
    /// Humans with proven accounts on both platforms.
    pub linked_share: f64,
    /// Organisations.
    pub organisation_share: f64,
    /// Bots that are labelled as such.
    pub bot_share: f64,
    /// The sybil farm.
    pub fake_share: f64,
    /// Profiles with claims that are not returned.
    pub decoy_share: f64,
    /// Bought follows from honest accounts, per fake.
    pub attack_arcs_per_fake: f64,
    /// Of honest accounts: deleted.
    pub deleted_share: f64,
    /// Of honest accounts: suspended.
    pub suspended_share: f64,
    /// Of honest accounts: opted out.
    pub opted_out_share: f64,
    /// Of honest fediverse accounts: `discoverable: false`.
    pub unlisted_share: f64,
    /// Of honest fediverse accounts: hidden lists.
    pub hidden_share: f64,
    /// Of honest fediverse accounts that are public: never decided whether to be discoverable. On
    /// snac, four times as many.
    pub undecided_share: f64,
    /// Whether the last three ordinary servers have a robots.txt of their own, one of each of
    /// [`RobotsPolicy`](super::RobotsPolicy): the API is closed at two of them.
    pub robots: bool,
    /// The end of the world's time, in unix seconds; posts fall into the 180 days before.
    pub until: u64,
}

/// 2026-11-01T00:00:00Z.
const UNTIL: u64 = 1_793_491_200;

impl Default for WorldConfig {
    /// The demo's world: 20,000 accounts, 60 communities in 15, 24 servers.
    fn default() -> WorldConfig {
        WorldConfig::sized(20_000, 1)
    }
}

impl WorldConfig {
    /// A world of this size with the demo's mixture, of at least 20 accounts; small worlds have fewer
    /// communities and servers.
    pub fn sized(accounts: u32, seed: u64) -> WorldConfig {
        let accounts = accounts.max(20);
        WorldConfig {
            seed,
            accounts,
            leaves: (accounts / 120).clamp(2, 60) as u16,
            hosts: if accounts >= 1_000 { 24 } else { (accounts / 60).clamp(2, 8) as u16 },
            linked_share: 0.15,
            organisation_share: 0.025,
            bot_share: 0.015,
            fake_share: 0.05,
            decoy_share: 0.015,
            attack_arcs_per_fake: 0.3,
            deleted_share: 0.02,
            suspended_share: 0.01,
            opted_out_share: 0.02,
            unlisted_share: 0.05,
            hidden_share: 0.06,
            undecided_share: 0.07,
            robots: false,
            until: UNTIL,
        }
    }

    /// How many accounts a share of them makes.
    pub(crate) fn count(&self, share: f64) -> usize {
        (f64::from(self.accounts) * share).round() as usize
    }
}
