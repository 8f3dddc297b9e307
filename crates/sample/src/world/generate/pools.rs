//! Weighted choices among accounts.

use crate::random::SeededRandom;
use crate::world::AccountKind;
use crate::world::account::AccountId;

use super::WorldDraws;

/// Accounts to choose from, by weight.
#[derive(Debug, Clone, Default)]
pub(super) struct AccountPool {
    members: Vec<AccountId>,
    cumulative: Vec<f64>,
}

impl AccountPool {
    fn push(&mut self, account: AccountId, weight: f64) {
        self.members.push(account);
        self.cumulative.push(self.cumulative.last().unwrap_or(&0.0) + weight);
    }

    /// A random member by weight; `None` of an empty pool.
    pub(super) fn draw(&self, dice: &mut SeededRandom) -> Option<AccountId> {
        let x = dice.unit() * self.cumulative.last()?;
        let at = self.cumulative.partition_point(|&cumulative| cumulative <= x);
        self.members.get(at.min(self.members.len() - 1)).copied()
    }

    /// A random member, all equally likely; `None` of an empty pool.
    pub(super) fn draw_evenly(&self, dice: &mut SeededRandom) -> Option<AccountId> {
        self.members.get(dice.below(self.members.len())).copied()
    }
}

/// The honest accounts of one platform.
#[derive(Debug, Clone)]
pub(super) struct PlatformPools {
    pub(super) leaves: Vec<AccountPool>,
    pub(super) parents: Vec<AccountPool>,
    pub(super) celebrities: AccountPool,
    pub(super) all: AccountPool,
}

/// The honest accounts of both platforms: Bluesky, then the fediverse.
pub(super) struct WorldPools {
    pub(super) sides: [PlatformPools; 2],
}

impl WorldPools {
    pub(super) fn of(draws: &WorldDraws<'_>) -> WorldPools {
        let leaves = usize::from(draws.config.leaves);
        let side = PlatformPools {
            leaves: vec![AccountPool::default(); leaves],
            parents: vec![AccountPool::default(); leaves],
            celebrities: AccountPool::default(),
            all: AccountPool::default(),
        };
        let mut pools = WorldPools { sides: [side.clone(), side] };
        for account in draws.accounts() {
            if draws.kind(account) != AccountKind::Fake {
                pools.add(draws, account);
            }
        }
        pools
    }

    fn add(&mut self, draws: &WorldDraws<'_>, account: AccountId) {
        let known = &draws.builder.accounts[account.index()];
        let traits = draws.traits(account);
        let side = &mut self.sides[draws.side(account)];
        if let (Some(leaf), Some(parent)) = (known.leaf, known.parent) {
            side.leaves[usize::from(leaf)].push(account, traits.weight);
            side.parents[usize::from(parent)].push(account, traits.weight);
        }
        if traits.celebrity {
            let rank = side.celebrities.members.len() as f64;
            side.celebrities.push(account, 1.0 / (rank + 1.0));
        }
        side.all.push(account, traits.weight);
    }
}
