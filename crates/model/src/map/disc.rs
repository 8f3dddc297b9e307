//! A disc on the map.

use serde::{Deserialize, Serialize};

/// A person or a community on the map, in the world's measure: everything lies within 1 of the origin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapDisc {
    /// The centre, to the right.
    pub x: f32,
    /// The centre, upwards.
    pub y: f32,
    /// The radius, above 0.
    pub radius: f32,
}

impl MapDisc {
    /// The whole world.
    pub const WORLD: MapDisc = MapDisc { x: 0.0, y: 0.0, radius: 1.0 };

    /// How far the centres of two discs are apart.
    pub fn distance(&self, other: &MapDisc) -> f64 {
        let (x, y) =
            (f64::from(self.x) - f64::from(other.x), f64::from(self.y) - f64::from(other.y));
        (x * x + y * y).sqrt()
    }

    /// Whether two discs have an inner point in common.
    pub fn overlaps(&self, other: &MapDisc) -> bool {
        self.distance(other) < f64::from(self.radius) + f64::from(other.radius)
    }

    /// Whether a disc lies wholly in this one, up to the rounding of its numbers.
    pub fn contains(&self, other: &MapDisc) -> bool {
        /// Relative to the radius of the outer disc and the size of the world.
        const ROUNDING: f64 = 1e-6;
        let needed = self.distance(other) + f64::from(other.radius);
        needed <= f64::from(self.radius) * (1.0 + ROUNDING) + ROUNDING
    }
}
