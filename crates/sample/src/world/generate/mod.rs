//! Draws a world from its seed: cast, proofs, follows, farm, posts, likes, lists, seeds.

mod bios;
mod cast;
mod farm;
mod follows;
mod names;
mod pools;
mod posts;
mod proofs;
mod seeds;
mod servers;

use model::Platform;

use super::account::{AccountId, Kind};
use super::builder::WorldBuilder;
use super::config::WorldConfig;
use super::rows::Rows;
use super::{Host, Nature, World};

/// What the draws know of an account besides what the world keeps.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// How likely it is to be followed, relative to others of its community.
    pull: f64,
    /// One of the few whom its community is about; seldom follows back.
    star: bool,
    /// Followed from everywhere.
    celebrity: bool,
    /// Its claims are not returned; it stays public, so that the deception is seen.
    decoy: bool,
}

/// A person with accounts, all of them in one community.
#[derive(Debug, Clone)]
struct Human {
    accounts: Vec<AccountId>,
    /// Has a web domain of its own, which is its Bluesky handle.
    domain: bool,
}

/// The world in the making, with all that the draws need to remember.
struct Draws<'c> {
    config: &'c WorldConfig,
    builder: WorldBuilder,
    standing: Vec<Standing>,
    linked: Vec<Human>,
    fakes: Vec<AccountId>,
}

impl Draws<'_> {
    fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.builder.accounts.len() as u32).map(AccountId)
    }

    fn standing(&self, account: AccountId) -> Standing {
        self.standing[account.index()]
    }

    fn kind(&self, account: AccountId) -> Kind {
        self.builder.accounts[account.index()].kind
    }

    fn side(&self, account: AccountId) -> usize {
        usize::from(self.builder.accounts[account.index()].platform == Platform::FEDIVERSE)
    }

    fn nature(&self, account: AccountId) -> Nature {
        self.host(account).nature
    }

    fn host(&self, account: AccountId) -> &Host {
        let host = self.builder.accounts[account.index()].host;
        &self.builder.hosts[usize::from(host)]
    }
}

/// The follow lists, both sides.
struct Lists {
    out: Rows<AccountId>,
    back: Rows<AccountId>,
}

/// Makes the world of a configuration.
pub(super) fn world(config: &WorldConfig) -> World {
    let mut draws = cast::assemble(config);
    proofs::plant(&mut draws);
    servers::assign_states(&mut draws);
    let pools = pools::Pools::of(&draws);
    follows::plant(&mut draws, &pools);
    farm::plant(&mut draws, &pools);
    let lists = draws.builder.settle_follows();
    let lists = Lists { out: lists.0, back: lists.1 };
    posts::plant(&mut draws, &pools, &lists);
    seeds::plant(&mut draws, &pools, &lists);
    servers::assign_undecided(&mut draws);
    draws.builder.build()
}
