//! Which square of the map a tile is.

use std::fmt;

use super::disc::MapDisc;

/// The most that the world is divided: a side of 4,096 tiles.
pub const TILE_ZOOM_MAX: u8 = 12;

/// The side of the world.
const WORLD_SIDE: f64 = 2.0;

/// A square of the map: the world is cut into 2^z columns, from the left, and as many rows, from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// The level of zoom.
    z: u8,
    x: u32,
    y: u32,
}

impl TileId {
    /// The whole world.
    pub const WORLD: TileId = TileId { z: 0, x: 0, y: 0 };

    /// The tile at zoom `z`, column `x`, row `y`; `None` if there is none.
    ///
    /// ```
    /// use model::map::TileId;
    ///
    /// assert_eq!(TileId::new(0, 0, 0), Some(TileId::WORLD));
    /// assert_eq!(TileId::new(1, 2, 0), None);
    /// assert_eq!(TileId::new(13, 0, 0), None);
    /// ```
    pub fn new(z: u8, x: u32, y: u32) -> Option<TileId> {
        let exists = z <= TILE_ZOOM_MAX && x < 1 << z && y < 1 << z;
        exists.then_some(TileId { z, x, y })
    }

    /// The level of zoom.
    pub const fn z(self) -> u8 {
        self.z
    }

    /// The column.
    pub const fn x(self) -> u32 {
        self.x
    }

    /// The row.
    pub const fn y(self) -> u32 {
        self.y
    }

    /// Its side, in the world's measure.
    pub fn side(self) -> f64 {
        WORLD_SIDE / f64::from(1u32 << self.z)
    }

    /// Its lower left corner.
    pub fn corner(self) -> [f64; 2] {
        [self.x, self.y].map(|at| f64::from(at) * self.side() - WORLD_SIDE / 2.0)
    }

    /// The number, 0 to 3, of the quarter in which the middle of a disc lies: 1 is right, 2 is above.
    pub fn quarter_of(self, disc: &MapDisc) -> u8 {
        let [left, low] = self.corner();
        let half = self.side() / 2.0;
        let (right, above) = (f64::from(disc.x) >= left + half, f64::from(disc.y) >= low + half);
        u8::from(right) + 2 * u8::from(above)
    }

    /// A quarter of it, one level deeper; `None` at the deepest.
    pub fn quarter(self, number: u8) -> Option<TileId> {
        let (right, above) = (u32::from(number & 1), u32::from((number >> 1) & 1));
        TileId::new(self.z + 1, self.x * 2 + right, self.y * 2 + above)
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_tile_the_square_around_what_lies_in_them() {
        let disc = MapDisc { x: 0.3, y: -0.8, radius: 0.1 };
        let mut tile = TileId::WORLD;
        while let Some(quarter) = tile.quarter(tile.quarter_of(&disc)) {
            tile = quarter;
            let [left, low] = tile.corner();
            assert!((left..left + tile.side()).contains(&f64::from(disc.x)), "{tile}");
            assert!((low..low + tile.side()).contains(&f64::from(disc.y)), "{tile}");
        }
        assert_eq!((tile.z(), tile.x(), tile.y()), (12, 2_662, 409));
    }
}
