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

use super::account::{AccountId, AccountKind};
use super::builder::WorldBuilder;
use super::config::WorldConfig;
use super::{HostNature, PlantedHost, SampleWorld};

/// What the generator stores of an account besides the world.
#[derive(Debug, Clone, Copy)]
struct AccountTraits {
    /// The weight with which it is followed, relative to others of its community.
    weight: f64,
    /// One of the best known of its community; seldom follows back.
    star: bool,
    /// Followed by all communities.
    celebrity: bool,
    /// Its claims are not returned; it stays public, so that the deception can be seen.
    decoy: bool,
}

/// A person with accounts, all of them in one community.
#[derive(Debug, Clone)]
struct LinkedPerson {
    accounts: Vec<AccountId>,
    /// Has a web domain of its own, which is its Bluesky handle.
    domain: bool,
}

/// The world that is being generated, and the state of the draws.
struct WorldDraws<'c> {
    config: &'c WorldConfig,
    builder: WorldBuilder,
    traits: Vec<AccountTraits>,
    linked: Vec<LinkedPerson>,
    fakes: Vec<AccountId>,
}

impl WorldDraws<'_> {
    fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.builder.accounts.len() as u32).map(AccountId)
    }

    fn traits(&self, account: AccountId) -> AccountTraits {
        self.traits[account.index()]
    }

    fn kind(&self, account: AccountId) -> AccountKind {
        self.builder.accounts[account.index()].kind
    }

    fn side(&self, account: AccountId) -> usize {
        usize::from(self.builder.accounts[account.index()].platform == Platform::FEDIVERSE)
    }

    fn nature(&self, account: AccountId) -> HostNature {
        self.host(account).nature
    }

    fn host(&self, account: AccountId) -> &PlantedHost {
        let host = self.builder.accounts[account.index()].host;
        &self.builder.hosts[usize::from(host)]
    }
}

/// Generates the world of a configuration.
pub(super) fn world(config: &WorldConfig) -> SampleWorld {
    let mut draws = cast::assemble(config);
    proofs::plant(&mut draws);
    servers::assign_states(&mut draws);
    let pools = pools::WorldPools::of(&draws);
    follows::plant(&mut draws, &pools);
    farm::plant(&mut draws, &pools);
    let lists = draws.builder.follow_lists();
    posts::plant(&mut draws, &pools, &lists);
    seeds::plant(&mut draws, &pools, &lists);
    servers::assign_undecided(&mut draws);
    draws.builder.build()
}
