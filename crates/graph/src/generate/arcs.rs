//! Arcs as they are drawn.

use crate::csr::ArcList;

/// Arcs as two parallel arrays, repeats and self-loops allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DrawnArcs {
    /// Who attends.
    pub sources: Vec<u32>,
    /// The person attended to.
    pub targets: Vec<u32>,
}

impl DrawnArcs {
    /// The view that [`crate::Csr::from_arcs`] takes.
    pub fn list(&self) -> ArcList<'_> {
        ArcList { sources: &self.sources, targets: &self.targets, weights: None }
    }

    pub(super) fn push(&mut self, source: u32, target: u32) {
        self.sources.push(source);
        self.targets.push(target);
    }
}
