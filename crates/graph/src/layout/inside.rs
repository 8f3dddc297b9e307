//! What communities contain, as it is arranged.

use super::known::Known;
use super::point::Point;
use crate::communities::GroupMembers;

/// What one community contains, around its middle. Its parts are people on the finest level, else
/// communities of the level below.
#[derive(Debug)]
pub(super) struct Inside {
    /// The middles of its parts, in their order.
    pub(super) parts: Vec<Point>,
    /// The middles of the people in the ring around them.
    pub(super) ring: Vec<Point>,
    /// The radius of the whole.
    pub(super) radius: f64,
    /// Whether it lies as it did in the run before.
    pub(super) keeps_direction: bool,
    /// How many people it has.
    pub(super) people: usize,
    /// Where those of them were that are known.
    pub(super) known: Known,
}

/// What every community contains.
pub(super) struct InsideOut {
    /// By level, the coarsest first.
    pub(super) levels: Vec<Vec<Inside>>,
    /// The world, whose parts are the communities of the coarsest level.
    pub(super) world: Inside,
    /// The parts of the communities of every level but the finest.
    pub(super) parts: Vec<GroupMembers>,
}
