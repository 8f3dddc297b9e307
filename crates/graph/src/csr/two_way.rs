//! Arcs by source and by target at once.

use super::rows::Csr;

/// Arcs, readable from both ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TwoWayArcs<'a> {
    /// The arcs.
    pub(crate) arcs: &'a Csr,
    /// Their transpose.
    pub(crate) transposed: &'a Csr,
}

impl TwoWayArcs<'_> {
    /// Number of people.
    pub(crate) fn nodes(self) -> usize {
        self.arcs.nodes()
    }

    /// Weight of all arcs from and to a person.
    pub(crate) fn strength(self, person: u32) -> f64 {
        self.arcs.strength(person) + self.transposed.strength(person)
    }

    /// Visits each neighbour of a person, ascending, with the weight towards it and the weight from
    /// it, 0 where there is no arc. Time O(degrees).
    #[inline]
    pub(crate) fn for_each(self, person: u32, mut visit: impl FnMut(u32, f32, f32)) {
        let (to, from) = (self.arcs.row(person), self.transposed.row(person));
        let to_weights = self.arcs.row_weights(person);
        let from_weights = self.transposed.row_weights(person);
        let weight = |weights: Option<&[f32]>, at: usize| weights.map_or(1.0, |all| all[at]);
        let (mut left, mut right) = (0, 0);
        // A single call of `visit`, so that it is inlined into the loop.
        while left < to.len() || right < from.len() {
            let a = to.get(left).copied().unwrap_or(u32::MAX);
            let b = from.get(right).copied().unwrap_or(u32::MAX);
            let towards = if a <= b { weight(to_weights, left) } else { 0.0 };
            let back = if b <= a { weight(from_weights, right) } else { 0.0 };
            visit(a.min(b), towards, back);
            left += usize::from(a <= b);
            right += usize::from(b <= a);
        }
    }
}
