//! The disc around discs.

use super::point::Point;

/// Steps of the search: the radius is then within about 1 % of the least.
const STEPS: u32 = 64;

/// A circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    pub(super) centre: Point,
    pub(super) radius: f64,
}

/// A small circle around all discs, by Bădoiu and Clarkson's steps: from the best point so far towards what
/// is farthest, a smaller part of the way each time. Contains every disc exactly. Time O(discs).
pub(super) fn enclosing(centres: &[Point], radii: &[f64]) -> Circle {
    let mut best = around(centres, radii, Point::ORIGIN);
    let mut centre = Point::ORIGIN;
    for step in 1..=STEPS {
        let Some(farthest) = farthest(centres, radii, centre) else { return best };
        let way = centres[farthest] - centre;
        let reach = way.length() + radii[farthest];
        centre += way.unit() * (reach / f64::from(step + 1));
        let found = around(centres, radii, centre);
        if found.radius < best.radius {
            best = found;
        }
    }
    best
}

fn around(centres: &[Point], radii: &[f64], centre: Point) -> Circle {
    let reach = |(&at, &radius): (&Point, &f64)| (at - centre).length() + radius;
    Circle { centre, radius: centres.iter().zip(radii).map(reach).fold(0.0, f64::max) }
}

/// The first of the discs that reach farthest from a point.
fn farthest(centres: &[Point], radii: &[f64], from: Point) -> Option<usize> {
    let reach = |at: usize| (centres[at] - from).length() + radii[at];
    (0..centres.len()).max_by(|&a, &b| reach(a).total_cmp(&reach(b)).then(b.cmp(&a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_discs_are_inside_and_the_circle_is_nearly_the_least() {
        let centres = [(5.0, 5.0), (9.0, 5.0), (7.0, 5.5)].map(|(x, y)| Point { x, y });
        let radii = [1.0, 1.0, 0.5];
        let found = enclosing(&centres, &radii);
        for (centre, radius) in centres.iter().zip(radii) {
            assert!((*centre - found.centre).length() + radius <= found.radius + 1e-12);
        }
        assert!(found.radius < 3.1, "{found:?}");
        let one = enclosing(&centres[..1], &radii[..1]);
        assert!((one.radius - 1.0).abs() < 0.05, "{one:?}");
    }
}
