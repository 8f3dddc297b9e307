//! Who follows whom: mostly inside the leaf, some in the parent, some celebrities, some anybody.

use crate::random::Dice;
use crate::world::Kind;
use crate::world::account::AccountId;

use super::Draws;
use super::pools::{Pools, Side};

/// Half of the mean number of follows that an account chooses itself.
const CHOSEN_MIN: f64 = 14.5;
const CHOSEN_MAX: usize = 300;
/// Cumulative shares of an account's choices.
const IN_LEAF: f64 = 0.74;
const IN_PARENT: f64 = 0.86;
const CELEBRITIES: f64 = 0.93;
/// How likely the followed one follows back.
const BACK: f64 = 0.42;
const BACK_BY_STAR: f64 = 0.08;

/// Plants the follows among honest accounts.
pub(super) fn plant(draws: &mut Draws<'_>, pools: &Pools) {
    let mut dice = Dice::new(draws.config.seed, "follows");
    for src in draws.accounts() {
        if draws.kind(src) == Kind::Fake {
            continue;
        }
        let side = &pools.0[draws.side(src)];
        for _ in 0..dice.pareto(CHOSEN_MIN, CHOSEN_MAX) {
            let (dst, near) = choose(draws, side, src, &mut dice);
            let Some(dst) = dst.filter(|&dst| dst != src) else { continue };
            draws.builder.follow(src, dst);
            let standing = draws.standing(dst);
            let cool = standing.star || standing.celebrity;
            if near && dice.chance(if cool { BACK_BY_STAR } else { BACK }) {
                draws.builder.follow(dst, src);
            }
        }
    }
}

/// Whom to follow, and whether it is from one's own surroundings.
fn choose(
    draws: &Draws<'_>,
    side: &Side,
    src: AccountId,
    dice: &mut Dice,
) -> (Option<AccountId>, bool) {
    let known = &draws.builder.accounts[src.index()];
    let (leaf, parent) = (known.leaf.unwrap_or(0), known.parent.unwrap_or(0));
    let x = dice.unit();
    if x < IN_LEAF {
        (side.leaves[usize::from(leaf)].draw(dice), true)
    } else if x < IN_PARENT {
        (side.parents[usize::from(parent)].draw(dice), true)
    } else if x < CELEBRITIES {
        (side.celebrities.draw(dice), false)
    } else {
        (side.all.draw(dice), false)
    }
}
