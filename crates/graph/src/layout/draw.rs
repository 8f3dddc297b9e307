//! A rough layout from nothing: the two directions in which items differ most along their ties.
//!
//! Items are drawn to those they are tied to, and brought back to one variance along both axes: the power method
//! for the two leading non-trivial eigenvectors of the random walk along ties (spectral drawing; Koren 2005). So
//! what lies on which side is right from the start, and no fold is left that moving could not undo.

use super::point::Point;
use super::ties::Ties;
use crate::seed::RandomSeed;

/// How often items are brought back to one variance, and how often they are drawn before.
const ROUNDS: usize = 25;
const PASSES: usize = 4;

/// What an item keeps of its own position when it is drawn.
const STAYS: f64 = 0.25;

/// Part of the mean variance that is added to both axes, so that points on a line do not divide by 0.
const RIDGE: f64 = 1e-3;

/// How far from the middle a point may lie; the root of the mean square of all is 1.4. Else a few items that are
/// hardly tied to the rest would be all that both axes tell of.
const FARTHEST: f64 = 3.0;

/// Points around the origin, ties short. The same for the same input; time O(ties).
pub(super) fn drawn_layout(ties: &Ties) -> Vec<Point> {
    let mut random = RandomSeed(ties.masses.len() as u64);
    let any = |_: &f64| Point { x: random.unit() - 0.5, y: random.unit() - 0.5 };
    let mut points: Vec<Point> = ties.masses.iter().map(any).collect();
    let mut drawn = points.clone();
    for _ in 0..ROUNDS {
        for _ in 0..PASSES {
            draw(ties, &points, &mut drawn, STAYS);
            std::mem::swap(&mut points, &mut drawn);
        }
        whiten(&mut points, &ties.masses);
    }
    points
}

/// Moves every item towards the mean of those it is tied to, and keeps a part `stays` of where it is. Items
/// without ties stay.
pub(super) fn draw(ties: &Ties, points: &[Point], drawn: &mut [Point], stays: f64) {
    for (item, drawn) in drawn.iter_mut().enumerate() {
        let own = ties.of(item);
        let mean = own.iter().fold(Point::ORIGIN, |sum, tie| {
            sum + points[tie.other as usize] * f64::from(tie.share)
        });
        let at = points[item];
        *drawn = if own.is_empty() { at } else { at * stays + mean * (1.0 - stays) };
    }
}

/// Moves the weighted mean to the origin, multiplies by C^(−1/2), C the covariance, and brings back what lies far
/// away. The weights sum to 1.
fn whiten(points: &mut [Point], weights: &[f64]) {
    let weighted = points.iter().zip(weights);
    let mean = weighted.fold(Point::ORIGIN, |sum, (&point, &weight)| sum + point * weight);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (point, weight) in points.iter_mut().zip(weights) {
        *point = *point - mean;
        xx += weight * point.x * point.x;
        xy += weight * point.x * point.y;
        yy += weight * point.y * point.y;
    }
    let ridge = RIDGE * (xx + yy) / 2.0;
    (xx, yy) = (xx + ridge, yy + ridge);
    // √C = (C + √det C · 1) / √(trace C + 2 √det C); its inverse exchanges the diagonal.
    let root = (xx * yy - xy * xy).max(0.0).sqrt();
    let scale = root * (xx + yy + 2.0 * root).sqrt();
    if scale > 0.0 {
        let (a, b, d) = ((xx + root) / scale, xy / scale, (yy + root) / scale);
        for point in points {
            let at = Point { x: d * point.x - b * point.y, y: a * point.y - b * point.x };
            *point = at * (FARTHEST / at.length().max(FARTHEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ties::TiedPair;
    use super::*;

    #[test]
    fn a_grid_is_drawn_as_a_grid() {
        const SIDE: u32 = 12;
        let mut pairs = Vec::new();
        for at in 0..SIDE * SIDE {
            let mut tie = |other| pairs.push(TiedPair { items: [at, other], weight: 1.0 });
            if at % SIDE + 1 < SIDE {
                tie(at + 1);
            }
            if at / SIDE + 1 < SIDE {
                tie(at + SIDE);
            }
        }
        let points = drawn_layout(&Ties::new((SIDE * SIDE) as usize, &pairs));
        let apart = |a: u32, b: u32| (points[a as usize] - points[b as usize]).length();
        let tied = pairs.iter().map(|pair| apart(pair.items[0], pair.items[1])).fold(0.0, f64::max);
        assert!(
            apart(0, SIDE * SIDE - 1) > 3.0 * tied
                && apart(SIDE - 1, SIDE * (SIDE - 1)) > 3.0 * tied
        );
    }

    #[test]
    fn points_stay_finite_where_there_is_nothing_to_tell() {
        for count in [0, 1, 2, 5] {
            let points = drawn_layout(&Ties::new(count, &[]));
            assert!(points.iter().all(|point| point.length() < 10.0), "{points:?}");
        }
        let pair = TiedPair { items: [0, 1], weight: 1.0 };
        assert!(drawn_layout(&Ties::new(4, &[pair])).iter().all(|point| point.length() < 10.0));
    }
}
