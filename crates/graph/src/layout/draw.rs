//! A rough layout from nothing: items are drawn to those they are tied to, and spread again.

use super::point::Point;
use super::spread::spread;
use super::ties::Ties;
use crate::seed::RandomSeed;

/// How often items are drawn before each spread: first far, to find what lies on which side, then near, to
/// find who is beside whom.
const ROUNDS: [usize; 8] = [12, 8, 6, 4, 3, 2, 2, 1];

/// What an item keeps of its own position when it is drawn.
const STAYS: f64 = 0.25;

/// Points in the unit disc: areas by `weights`, ties short. The same for the same input.
pub(super) fn drawn_layout(ties: &Ties, weights: &[f64]) -> Vec<Point> {
    let mut random = RandomSeed(weights.len() as u64);
    let any = |_: &f64| Point { x: random.unit() - 0.5, y: random.unit() - 0.5 };
    let mut points: Vec<Point> = weights.iter().map(any).collect();
    // Two and fewer lie where chance has put them.
    if points.len() < 3 {
        spread(&mut points, weights);
        return points;
    }
    let mut drawn = points.clone();
    for passes in ROUNDS {
        for _ in 0..passes {
            draw(ties, &points, &mut drawn, STAYS);
            std::mem::swap(&mut points, &mut drawn);
        }
        spread(&mut points, weights);
    }
    points
}

/// Moves every item towards the mean of those it is tied to, and keeps a part `stays` of where it is. Items
/// without ties stay.
pub(super) fn draw(ties: &Ties, points: &[Point], drawn: &mut [Point], stays: f64) {
    for (item, drawn) in drawn.iter_mut().enumerate() {
        let (mut sum, mut weights) = (Point::ORIGIN, 0.0);
        for tie in ties.of(item) {
            let weight = f64::from(tie.weight);
            sum += points[tie.other as usize] * weight;
            weights += weight;
        }
        let own = points[item];
        *drawn = if weights > 0.0 { own * stays + sum * ((1.0 - stays) / weights) } else { own };
    }
}
