//! A rough layout → one in which tied items are near and all others apart: ties draw in proportion to their
//! length, and masses repel each other in inverse proportion to their distance (Noack 2007, with edges that
//! repel). In the plane this spreads evenly what is tied evenly, so little is left to be moved when discs
//! must not overlap.

use super::point::Point;
use super::ties::Ties;

/// Steps, each shorter than the one before.
const STEPS: usize = 40;

/// The longest first step; points lie within about 3 of the origin.
const FIRST_STEP: f64 = 0.3;

/// Up to this many items, each is repelled by each; beyond, by the middles of cells.
const EXACT_MAX: usize = 256;

/// Cells along a side.
const SIDE: usize = 16;

/// The square of the distance below which repelling grows no more.
const NEAREST_SQUARE: f64 = 1e-4;

/// How strongly everything is drawn to the origin: what has no ties would go away for ever.
const GRAVITY: f64 = 0.1;

/// Masses that repel, and the square of the distance below which they do so no more strongly.
struct Repelling {
    masses: Vec<Mass>,
    nearest_square: f64,
}

#[derive(Debug, Clone, Copy)]
struct Mass {
    at: Point,
    mass: f64,
}

/// Moves points as their ties draw them and their masses push them. Time O(ties + items · 256).
pub(super) fn relax(ties: &Ties, points: &mut [Point]) {
    let mut ways = vec![Point::ORIGIN; points.len()];
    for step in 0..STEPS {
        let repelling = Repelling::of(points, &ties.masses);
        for (item, way) in ways.iter_mut().enumerate() {
            let at = points[item];
            *way = repelling.push(at) - at * GRAVITY;
            for tie in ties.of(item) {
                *way += (points[tie.other as usize] - at) * f64::from(tie.share);
            }
        }
        let longest = FIRST_STEP * (STEPS - step) as f64 / STEPS as f64;
        for (point, way) in points.iter_mut().zip(&ways) {
            *point += *way * (longest / way.length().max(1.0));
        }
    }
}

impl Repelling {
    fn of(points: &[Point], masses: &[f64]) -> Repelling {
        let each = points.iter().zip(masses).map(|(&at, &mass)| Mass { at, mass });
        if points.len() <= EXACT_MAX {
            return Repelling { masses: each.collect(), nearest_square: NEAREST_SQUARE };
        }
        let far = points.iter().map(|point| point.x.abs().max(point.y.abs()));
        let half = far.fold(f64::MIN_POSITIVE, f64::max);
        let line = |at: f64| ((((at / half) + 1.0) / 2.0 * SIDE as f64) as usize).min(SIDE - 1);
        let mut cells = vec![Mass { at: Point::ORIGIN, mass: 0.0 }; SIDE * SIDE];
        for Mass { at, mass } in each {
            let cell = &mut cells[line(at.y) * SIDE + line(at.x)];
            cell.at += at * mass;
            cell.mass += mass;
        }
        cells.retain(|cell| cell.mass > 0.0);
        cells.iter_mut().for_each(|cell| cell.at = cell.at * cell.mass.recip());
        Repelling { masses: cells, nearest_square: (half / SIDE as f64).powi(2) }
    }

    /// How strongly a point is pushed away by all.
    fn push(&self, at: Point) -> Point {
        let by = |sum: Point, one: &Mass| {
            let way = at - one.at;
            sum + way * (one.mass / (way.square() + self.nearest_square))
        };
        self.masses.iter().fold(Point::ORIGIN, by)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ties::TiedPair;
    use super::*;

    #[test]
    fn tied_items_come_together_and_none_goes_far_away() {
        for count in [64u32, 1_024] {
            let pairs: Vec<TiedPair> = (0..count / 2)
                .map(|at| TiedPair { items: [at, at + count / 2], weight: 1.0 })
                .collect();
            let ring = |at: u32| f64::from(at) / f64::from(count) * std::f64::consts::TAU;
            let mut points: Vec<Point> =
                (0..count).map(|at| Point { x: ring(at).cos(), y: ring(at).sin() }).collect();
            relax(&Ties::new(count as usize, &pairs), &mut points);
            let apart = |a: u32, b: u32| (points[a as usize] - points[b as usize]).length();
            assert!(apart(0, count / 2) < 1.0, "{}", apart(0, count / 2));
            assert!(points.iter().all(|point| point.length() < 3.0));
        }
    }
}
