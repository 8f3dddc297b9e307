//! Discs in a ring around a disc.

use std::f64::consts::PI;

use super::point::Point;

/// One turn of the spiral: the golden angle, so that no two come near on any two rounds (Vogel 1979).
const GOLDEN: Point = Point { x: -0.737_368_878_078_319_8, y: 0.675_490_294_261_523_6 };

/// The square of the least distance between two points of the spiral, relative to the area that each has, is
/// above this: 2/√5 for the lattice that it is locally.
const CLOSEST: f64 = 0.8;

/// A ring of discs, all with the room of the largest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    /// The centres, in the order of the discs.
    pub(super) centres: Vec<Point>,
    /// All lie within this distance of the origin.
    pub(super) radius: f64,
}

/// A ring of `count` discs of at most `largest` around what lies within `inner` of the origin.
pub(super) fn ring(inner: f64, count: usize, largest: f64) -> Ring {
    if count == 0 {
        return Ring { centres: Vec::new(), radius: inner };
    }
    // Of a spiral with r² = first² + n · step, where π · step is the area that each point has.
    let step = (2.0 * largest) * (2.0 * largest) / (CLOSEST * PI);
    let first = inner + 2.0 * largest;
    let (mut direction, mut radius) = (Point { x: 1.0, y: 0.0 }, first);
    let mut centres = Vec::with_capacity(count);
    for at in 0..count {
        radius = (first * first + at as f64 * step).sqrt();
        centres.push(direction * radius);
        direction = direction.turned(GOLDEN).unit();
    }
    Ring { centres, radius: radius + 2.0 * largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discs_of_a_ring_do_not_overlap_at_any_radius() {
        for (inner, count) in
            [(0.0, 300), (1.0, 300), (10.0, 500), (300.0, 3_000), (2_000.0, 3_000)]
        {
            let ring = ring(inner, count, 1.0);
            for (at, a) in ring.centres.iter().enumerate() {
                assert!(a.length() - 1.0 > inner && a.length() + 1.0 < ring.radius);
                for b in &ring.centres[at + 1..] {
                    assert!((*a - *b).length() >= 2.0, "{inner} {count} {at}");
                }
            }
        }
    }
}
