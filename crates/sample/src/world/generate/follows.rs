//! The follows: mostly within the leaf, some in the parent, some celebrities, some any account.

use crate::random::SeededRandom;
use crate::world::AccountKind;
use crate::world::account::AccountId;

use super::WorldDraws;
use super::pools::{PlatformPools, WorldPools};

/// Half of the mean number of follows that an account chooses itself.
const CHOSEN_MIN: f64 = 14.5;
const CHOSEN_MAX: usize = 300;
/// Cumulative shares of an account's choices.
const IN_LEAF: f64 = 0.74;
const IN_PARENT: f64 = 0.86;
const CELEBRITIES: f64 = 0.93;
/// The probability that a followed account follows back.
const BACK: f64 = 0.42;
const BACK_BY_STAR: f64 = 0.08;

/// Plants the follows among honest accounts.
pub(super) fn plant(draws: &mut WorldDraws<'_>, pools: &WorldPools) {
    let mut dice = SeededRandom::new(draws.config.seed, "follows");
    for src in draws.accounts() {
        if draws.kind(src) == AccountKind::Fake {
            continue;
        }
        let side = &pools.sides[draws.side(src)];
        for _ in 0..dice.pareto(CHOSEN_MIN, CHOSEN_MAX) {
            let FollowChoice { dst, near } = choose(draws, side, src, &mut dice);
            let Some(dst) = dst.filter(|&dst| dst != src) else { continue };
            draws.builder.follow(src, dst);
            let traits = draws.traits(dst);
            let famous = traits.star || traits.celebrity;
            if near && dice.chance(if famous { BACK_BY_STAR } else { BACK }) {
                draws.builder.follow(dst, src);
            }
        }
    }
}

/// An account to follow.
struct FollowChoice {
    dst: Option<AccountId>,
    /// Whether it is of the same leaf or parent.
    near: bool,
}

/// Draws an account to follow.
fn choose(
    draws: &WorldDraws<'_>,
    side: &PlatformPools,
    src: AccountId,
    dice: &mut SeededRandom,
) -> FollowChoice {
    let known = &draws.builder.accounts[src.index()];
    let (leaf, parent) = (known.leaf.unwrap_or(0), known.parent.unwrap_or(0));
    let x = dice.unit();
    if x < IN_LEAF {
        FollowChoice { dst: side.leaves[usize::from(leaf)].draw(dice), near: true }
    } else if x < IN_PARENT {
        FollowChoice { dst: side.parents[usize::from(parent)].draw(dice), near: true }
    } else if x < CELEBRITIES {
        FollowChoice { dst: side.celebrities.draw(dice), near: false }
    } else {
        FollowChoice { dst: side.all.draw(dice), near: false }
    }
}
