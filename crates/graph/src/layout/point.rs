//! Points of the plane, and turns of it.

use std::ops::{Add, AddAssign, Mul, Sub};

/// A point, or the way from one to another.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) const ORIGIN: Point = Point { x: 0.0, y: 0.0 };

    /// The square of the distance from the origin.
    pub(super) fn square(self) -> f64 {
        self.x * self.x + self.y * self.y
    }

    /// The distance from the origin.
    pub(super) fn length(self) -> f64 {
        self.square().sqrt()
    }

    /// The same direction at distance 1; the origin stays.
    pub(super) fn unit(self) -> Point {
        let length = self.length();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }

    /// The product as complex numbers: turns by the other's angle, stretches by its length.
    pub(super) fn turned(self, by: Point) -> Point {
        Point { x: self.x * by.x - self.y * by.y, y: self.x * by.y + self.y * by.x }
    }

    /// The mirror image across the first axis.
    pub(super) fn mirrored(self) -> Point {
        Point { x: self.x, y: -self.y }
    }
}

impl Add for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point { x: self.x + other.x, y: self.y + other.y }
    }
}

impl Sub for Point {
    type Output = Point;
    fn sub(self, other: Point) -> Point {
        Point { x: self.x - other.x, y: self.y - other.y }
    }
}

impl Mul<f64> for Point {
    type Output = Point;
    fn mul(self, factor: f64) -> Point {
        Point { x: self.x * factor, y: self.y * factor }
    }
}

impl AddAssign for Point {
    fn add_assign(&mut self, other: Point) {
        *self = *self + other;
    }
}

/// A turn about the origin, after a reflection or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    by: Point,
    mirrored: bool,
}

impl Turn {
    /// Leaves everything where it is.
    pub(super) const NONE: Turn = Turn { by: Point { x: 1.0, y: 0.0 }, mirrored: false };

    /// Where a point comes to lie.
    pub(super) fn of(self, point: Point) -> Point {
        (if self.mirrored { point.mirrored() } else { point }).turned(self.by)
    }
}

/// Finds the turn that brings points nearest to where they are drawn (Procrustes in the plane, in closed
/// form).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TurnFinder {
    straight: Point,
    mirrored: Point,
}

impl TurnFinder {
    /// A point is drawn in a direction, the more the longer that is.
    pub(super) fn add(&mut self, point: Point, drawn: Point) {
        self.straight += drawn.turned(point.mirrored());
        self.mirrored += drawn.turned(point);
    }

    /// The best turn.
    pub(super) fn best(self) -> Turn {
        let mirrored = self.mirrored.square() > self.straight.square();
        let best = if mirrored { self.mirrored } else { self.straight };
        if best.square() > 0.0 { Turn { by: best.unit(), mirrored } } else { Turn::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turn_that_was_made_is_found() {
        let points = [(1.0, 0.0), (0.0, 2.0), (-0.5, 0.3)].map(|(x, y)| Point { x, y });
        let by = Point { x: 0.6, y: 0.8 };
        for mirrored in [false, true] {
            let turn = Turn { by, mirrored };
            let mut finder = TurnFinder::default();
            points.iter().for_each(|&point| finder.add(point, turn.of(point)));
            let found = finder.best();
            for point in points {
                assert!((found.of(point) - turn.of(point)).length() < 1e-12);
            }
        }
        assert_eq!(TurnFinder::default().best(), Turn::NONE);
    }
}
