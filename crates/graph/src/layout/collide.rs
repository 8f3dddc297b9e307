//! Discs that overlap → discs that do not, moved as little as that takes.
//!
//! Every disc lies in a hash grid of its own size (cells as wide as the largest of it), and meets those in the few
//! cells around it of its own and of every coarser grid. So a pair is met once, from the smaller one's side,
//! and a step costs O(discs · sizes) however much they differ.

use super::point::Point;

/// No further disc in a cell.
const END: u32 = u32::MAX;

/// Turns by the golden angle: a direction for two discs in one point.
const GOLDEN: Point = Point { x: -0.737_368_878_078_319_8, y: 0.675_490_294_261_523_6 };

/// The grids that discs lie in.
struct DiscGrid {
    /// By falling size.
    grids: Vec<SizeGrid>,
    /// The first disc of each cell, by hash; different cells may share one.
    heads: Vec<u32>,
    /// The next disc of the same cell.
    next: Vec<u32>,
}

/// The grid of discs with a radius of about 2^size.
#[derive(Clone, Copy)]
struct SizeGrid {
    size: i32,
    /// The inverse of the width of a cell.
    cells_per_unit: f64,
    /// The largest radius.
    largest: f64,
}

/// The least whole number with 2^size ≥ radius, or one more.
fn size_of(radius: f64) -> i32 {
    const EXPONENT_SHIFT: u32 = 52;
    const EXPONENT_MASK: u64 = 0x7ff;
    const EXPONENT_BIAS: i32 = 1_023;
    ((radius.to_bits() >> EXPONENT_SHIFT) & EXPONENT_MASK) as i32 - EXPONENT_BIAS + 1
}

impl SizeGrid {
    /// The column or row of a coordinate.
    #[inline]
    fn line(&self, at: f64) -> i64 {
        // Truncation is `floor` for what is positive, which this makes of all that is near the origin.
        const POSITIVE: f64 = (1u64 << 40) as f64;
        (at * self.cells_per_unit + POSITIVE) as i64
    }
}

impl DiscGrid {
    fn new(radii: &[f64]) -> DiscGrid {
        let mut grids: Vec<SizeGrid> = Vec::new();
        for &radius in radii {
            let size = size_of(radius);
            match grids.iter_mut().find(|grid| grid.size == size) {
                Some(grid) => grid.largest = grid.largest.max(radius),
                None => {
                    let cells_per_unit = 2f64.powi(-1 - size);
                    grids.push(SizeGrid { size, cells_per_unit, largest: radius });
                }
            }
        }
        grids.sort_by_key(|grid| std::cmp::Reverse(grid.size));
        let slots = (radii.len() * 2).next_power_of_two();
        DiscGrid { grids, heads: vec![END; slots], next: vec![END; radii.len()] }
    }

    fn fill(&mut self, centres: &[Point], radii: &[f64]) {
        self.heads.fill(END);
        for (disc, (&centre, &radius)) in centres.iter().zip(radii).enumerate() {
            let size = size_of(radius);
            let Some(&grid) = self.grids.iter().find(|grid| grid.size == size) else { continue };
            let slot = self.slot(size, grid.line(centre.x), grid.line(centre.y));
            self.next[disc] = std::mem::replace(&mut self.heads[slot], disc as u32);
        }
    }

    #[inline]
    fn slot(&self, size: i32, x: i64, y: i64) -> usize {
        let key = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
            ^ (size as u64).wrapping_mul(0x1656_67b1_9e37_79f9);
        (key >> 20) as usize & (self.heads.len() - 1)
    }

    /// Visits the discs near one that are larger, or of its size and after it. Some twice, some farther.
    #[inline]
    fn for_each_near(&self, disc: usize, at: Point, radius: f64, mut visit: impl FnMut(usize)) {
        let own = size_of(radius);
        for grid in self.grids.iter().take_while(|grid| grid.size >= own) {
            let reach = radius + grid.largest;
            for y in grid.line(at.y - reach)..=grid.line(at.y + reach) {
                for x in grid.line(at.x - reach)..=grid.line(at.x + reach) {
                    let mut other = self.heads[self.slot(grid.size, x, y)];
                    while other != END {
                        if grid.size > own || other as usize > disc {
                            visit(other as usize);
                        }
                        other = self.next[other as usize];
                    }
                }
            }
        }
    }
}

/// Discs that are moved apart.
pub(super) struct DiscPile<'a> {
    pub(super) centres: Vec<Point>,
    radii: &'a [f64],
    grid: DiscGrid,
}

impl<'a> DiscPile<'a> {
    pub(super) fn new(centres: Vec<Point>, radii: &'a [f64]) -> DiscPile<'a> {
        let grid = DiscGrid::new(radii);
        DiscPile { centres, radii, grid }
    }

    /// Draws everything towards the origin by a part of the way.
    pub(super) fn contract(&mut self, part: f64) {
        self.centres.iter_mut().for_each(|centre| *centre = *centre * (1.0 - part));
    }

    /// Moves each pair of overlapping discs apart, the smaller one more, one pair after the other. Returns
    /// the least distance of a pair that was met, relative to that of discs that touch; at most 1.
    pub(super) fn separate(&mut self) -> f64 {
        self.grid.fill(&self.centres, self.radii);
        let DiscPile { centres, radii, grid } = self;
        let mut least = 1f64;
        for disc in 0..centres.len() {
            let (at, radius) = (centres[disc], radii[disc]);
            grid.for_each_near(disc, at, radius, |other| {
                least = least.min(push_apart(centres, radii, disc, other));
            });
        }
        least
    }

    /// The least distance of any two discs, relative to that of discs that touch; at most 1.
    fn tightest(&mut self) -> f64 {
        self.grid.fill(&self.centres, self.radii);
        let DiscPile { centres, radii, grid } = self;
        let mut least = 1f64;
        for disc in 0..centres.len() {
            grid.for_each_near(disc, centres[disc], radii[disc], |other| {
                if other != disc {
                    let distance = (centres[disc] - centres[other]).length();
                    least = least.min(distance / (radii[disc] + radii[other]));
                }
            });
        }
        least
    }

    /// Gives all discs more room until no two overlap. Ends: each try has more room than the one before.
    pub(super) fn loosen(&mut self) {
        /// The last overlaps vanish by stretching everything by less than this.
        const NEARLY: f64 = 0.93;
        const STRETCH: f64 = 1.08;
        const STEPS: usize = 24;
        const TRIES: usize = 40;
        for _ in 0..TRIES {
            if self.tightest() >= NEARLY {
                break;
            }
            self.centres.iter_mut().for_each(|centre| *centre = *centre * STRETCH);
            (0..STEPS).any(|_| self.separate() > NEARLY);
        }
        // Two discs in one point would be infinitely far apart.
        const TIGHTEST: f64 = 1e-3;
        let least = self.tightest().max(TIGHTEST);
        if least < 1.0 {
            self.centres.iter_mut().for_each(|centre| *centre = *centre * (1.0 / least));
        }
    }
}

/// Moves two discs apart if they overlap; returns their distance relative to that of discs that touch.
fn push_apart(centres: &mut [Point], radii: &[f64], disc: usize, other: usize) -> f64 {
    let way = centres[disc] - centres[other];
    let (one, two) = (radii[disc], radii[other]);
    let touch = one + two;
    let square = way.square();
    if disc == other || square >= touch * touch {
        return 1.0;
    }
    let distance = square.sqrt();
    let direction = match distance > touch * 1e-9 {
        true => way * (1.0 / distance),
        false => golden_turn(disc as u64 + other as u64),
    };
    let gap = touch - distance;
    let (own, others) = (one * one, two * two);
    centres[disc] += direction * (gap * others / (own + others));
    centres[other] += direction * (-gap * own / (own + others));
    distance / touch
}

/// The direction after this many turns by the golden angle, of 64 at most.
fn golden_turn(turns: u64) -> Point {
    (0..turns % 64).fold(Point { x: 1.0, y: 0.0 }, |at, _| at.turned(GOLDEN)).unit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_two_discs_overlap_in_the_end(
            discs in proptest::collection::vec((-9i8..9, -9i8..9, 1u16..2_000), 1..120)
        ) {
            let radii: Vec<f64> = discs.iter().map(|disc| f64::from(disc.2) / 100.0).collect();
            let point = |disc: &(i8, i8, u16)| Point { x: disc.0.into(), y: disc.1.into() };
            let mut pile = DiscPile::new(discs.iter().map(point).collect(), &radii);
            pile.loosen();
            for a in 0..radii.len() {
                for b in a + 1..radii.len() {
                    let distance = (pile.centres[a] - pile.centres[b]).length();
                    prop_assert!(distance >= (radii[a] + radii[b]) * (1.0 - 1e-9), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn discs_that_do_not_overlap_stay() {
        let centres = vec![Point { x: -2.0, y: 0.0 }, Point { x: 2.0, y: 1.0 }];
        let mut pile = DiscPile::new(centres.clone(), &[1.0, 2.0]);
        assert_eq!(pile.separate(), 1.0);
        pile.loosen();
        assert_eq!(pile.centres, centres);
    }
}
