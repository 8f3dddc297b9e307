//! Choices among accounts, the likelier the more they pull.

use crate::random::Dice;
use crate::world::Kind;
use crate::world::account::AccountId;

use super::Draws;

/// Accounts to choose from, by pull.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    members: Vec<AccountId>,
    up_to: Vec<f64>,
}

impl Pool {
    fn push(&mut self, account: AccountId, pull: f64) {
        self.members.push(account);
        self.up_to.push(self.up_to.last().unwrap_or(&0.0) + pull);
    }

    /// Any member, the likelier the more it pulls; `None` of an empty pool.
    pub(super) fn draw(&self, dice: &mut Dice) -> Option<AccountId> {
        let x = dice.unit() * self.up_to.last()?;
        let at = self.up_to.partition_point(|&up_to| up_to <= x);
        self.members.get(at.min(self.members.len() - 1)).copied()
    }

    /// Any member, each as likely as the next; `None` of an empty pool.
    pub(super) fn draw_evenly(&self, dice: &mut Dice) -> Option<AccountId> {
        self.members.get(dice.below(self.members.len())).copied()
    }
}

/// The honest accounts of one platform.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) leaves: Vec<Pool>,
    pub(super) parents: Vec<Pool>,
    pub(super) celebrities: Pool,
    pub(super) all: Pool,
}

/// The honest accounts of both platforms: Bluesky, then the fediverse.
pub(super) struct Pools(pub(super) [Side; 2]);

impl Pools {
    pub(super) fn of(draws: &Draws<'_>) -> Pools {
        let leaves = usize::from(draws.config.leaves);
        let side = Side {
            leaves: vec![Pool::default(); leaves],
            parents: vec![Pool::default(); leaves],
            celebrities: Pool::default(),
            all: Pool::default(),
        };
        let mut pools = Pools([side.clone(), side]);
        for account in draws.accounts() {
            if draws.kind(account) != Kind::Fake {
                pools.add(draws, account);
            }
        }
        pools
    }

    fn add(&mut self, draws: &Draws<'_>, account: AccountId) {
        let known = &draws.builder.accounts[account.index()];
        let standing = draws.standing(account);
        let side = &mut self.0[draws.side(account)];
        if let (Some(leaf), Some(parent)) = (known.leaf, known.parent) {
            side.leaves[usize::from(leaf)].push(account, standing.pull);
            side.parents[usize::from(parent)].push(account, standing.pull);
        }
        if standing.celebrity {
            let rank = side.celebrities.members.len() as f64;
            side.celebrities.push(account, 1.0 / (rank + 1.0));
        }
        side.all.push(account, standing.pull);
    }
}
