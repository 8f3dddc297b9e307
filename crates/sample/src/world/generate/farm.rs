//! The sybil farm: fakes that follow each other densely and honest people freely, and the few
//! honest accounts whose follow was bought.

use crate::random::SeededRandom;
use crate::world::account::AccountId;

use super::WorldDraws;
use super::pools::WorldPools;

/// Half of the mean number of fakes that a fake follows.
const INSIDE_MIN: f64 = 15.0;
const INSIDE_MAX: usize = 120;
/// How many honest accounts a fake follows.
const OUTSIDE: std::ops::Range<usize> = 8..20;

/// Plants the farm's follows and the attack arcs into it.
pub(super) fn plant(draws: &mut WorldDraws<'_>, pools: &WorldPools) {
    let mut dice = SeededRandom::new(draws.config.seed, "farm");
    for side in 0..2 {
        let fakes: Vec<AccountId> =
            draws.fakes.iter().copied().filter(|&fake| draws.side(fake) == side).collect();
        if fakes.is_empty() {
            continue;
        }
        for &fake in &fakes {
            for _ in 0..dice.pareto(INSIDE_MIN, INSIDE_MAX) {
                draws.builder.follow(fake, *dice.pick(&fakes));
            }
            for _ in 0..OUTSIDE.start + dice.below(OUTSIDE.len()) {
                if let Some(honest) = pools.sides[side].all.draw(&mut dice) {
                    draws.builder.follow(fake, honest);
                }
            }
        }
        let bought = (fakes.len() as f64 * draws.config.attack_arcs_per_fake).ceil() as usize;
        for _ in 0..bought {
            if let Some(honest) = pools.sides[side].all.draw_evenly(&mut dice) {
                draws.builder.follow(honest, *dice.pick(&fakes));
            }
        }
    }
}
