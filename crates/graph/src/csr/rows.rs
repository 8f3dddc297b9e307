//! Compressed sparse rows: the arcs that leave each person, sorted by target.
//!
//! Memory: 8 B/person + 4 B/arc, and 4 B/arc more with weights. Without weights every arc weighs 1.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::CsrError;

/// Arcs by source. Rows ascend strictly by target; there are no self-loops; weights are positive.
///
/// ```
/// use graph::{ArcList, Csr};
///
/// // Repeats are merged, self-loops dropped: 0 → 2, 0 → 1, 1 → 2 and 1 → 1.
/// let (sources, targets) = ([0, 0, 1, 1, 0], [2, 1, 2, 1, 1]);
/// let list = ArcList { sources: &sources, targets: &targets, weights: None };
/// let built = Csr::from_arcs(3, list)?;
/// assert_eq!((built.self_loops, built.duplicates), (1, 1));
/// assert_eq!(built.csr.row(0), [1, 2]);
/// assert_eq!(built.csr.transpose().row(2), [0, 1]);
/// # Ok::<(), graph::CsrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Csr {
    pub(super) offsets: Vec<u64>,
    pub(super) targets: Vec<u32>,
    pub(super) weights: Option<Vec<f32>>,
}

/// The arrays of a [`Csr`].
pub(crate) struct CsrParts {
    pub(crate) offsets: Vec<u64>,
    pub(crate) targets: Vec<u32>,
    pub(crate) weights: Option<Vec<f32>>,
}

/// One arc.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WeightedArc {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) weight: f32,
}

impl Csr {
    /// A graph of `nodes` people and no arcs.
    pub fn empty(nodes: usize) -> Csr {
        Csr { offsets: vec![0; nodes + 1], targets: Vec::new(), weights: None }
    }

    /// Takes finished arrays, after checking every invariant of the type.
    pub fn from_parts(
        offsets: Vec<u64>,
        targets: Vec<u32>,
        weights: Option<Vec<f32>>,
    ) -> Result<Csr, CsrError> {
        let csr = Csr { offsets, targets, weights };
        csr.check()?;
        Ok(csr)
    }

    fn check(&self) -> Result<(), CsrError> {
        let arcs = self.targets.len();
        if let Some(weights) = &self.weights
            && weights.len() != arcs
        {
            return Err(CsrError::Lengths { sources: arcs, targets: arcs, weights: weights.len() });
        }
        if self.offsets.first() != Some(&0) {
            return Err(CsrError::Offsets { row: 0 });
        }
        if let Some(row) = self.offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(CsrError::Offsets { row });
        }
        if self.offsets.last() != Some(&(arcs as u64)) {
            return Err(CsrError::Offsets { row: self.nodes() });
        }
        (0..self.nodes()).try_for_each(|row| self.check_row(row))?;
        check_weights(self.weights.as_deref())
    }

    fn check_row(&self, row: usize) -> Result<(), CsrError> {
        let targets = self.row(row as u32);
        if targets.windows(2).any(|pair| pair[0] >= pair[1])
            || targets.binary_search(&(row as u32)).is_ok()
        {
            return Err(CsrError::Order { row });
        }
        match targets.last() {
            Some(&person) if person as usize >= self.nodes() => Err(CsrError::PersonOutside {
                arc: self.offsets[row + 1] as usize - 1,
                person,
                nodes: self.nodes(),
            }),
            _ => Ok(()),
        }
    }

    /// Its arrays.
    pub(crate) fn into_parts(self) -> CsrParts {
        CsrParts { offsets: self.offsets, targets: self.targets, weights: self.weights }
    }

    /// Number of people.
    pub fn nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of arcs.
    pub fn arcs(&self) -> usize {
        self.targets.len()
    }

    /// Whether every arc weighs 1.
    pub fn is_unweighted(&self) -> bool {
        self.weights.is_none()
    }

    /// Start of each row in [`Csr::targets`], and the number of arcs at the end.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Targets of all rows, row after row.
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// Weights beside [`Csr::targets`]; `None` if every arc weighs 1.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Where the arcs of `person` lie in [`Csr::targets`].
    pub fn range(&self, person: u32) -> std::ops::Range<usize> {
        let row = person as usize;
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }

    /// Those that `person` attends to, ascending.
    pub fn row(&self, person: u32) -> &[u32] {
        &self.targets[self.range(person)]
    }

    /// Weights beside [`Csr::row`]; `None` if every arc weighs 1.
    pub fn row_weights(&self, person: u32) -> Option<&[f32]> {
        self.weights.as_ref().map(|weights| &weights[self.range(person)])
    }

    /// Targets and weights of one row.
    pub fn arcs_of(&self, person: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let weights = self.row_weights(person);
        self.row(person)
            .iter()
            .enumerate()
            .map(move |(at, &target)| (target, weights.map_or(1.0, |weights| weights[at])))
    }

    /// Weight of the arc from `source` to `target`, if there is one.
    pub fn weight(&self, source: u32, target: u32) -> Option<f32> {
        let at = self.row(source).binary_search(&target).ok()?;
        Some(self.row_weights(source).map_or(1.0, |weights| weights[at]))
    }

    /// Number of arcs in a row.
    pub fn degree(&self, person: u32) -> usize {
        self.range(person).len()
    }

    /// Sum of the weights of each row.
    pub fn strengths(&self) -> Vec<f64> {
        (0..self.nodes() as u32).into_par_iter().map(|person| self.strength(person)).collect()
    }

    /// A sum over the arcs that each person receives, by `add`, in the order of their sources. Each
    /// thread takes some of the receivers, and finds them in every row. Time O(m + n · threads).
    pub(crate) fn sum_received<T: Copy + Default + Send>(
        &self,
        add: impl Fn(&mut T, WeightedArc) + Sync,
    ) -> Vec<T> {
        let mut received = vec![T::default(); self.nodes()];
        let width = self.nodes().div_ceil(rayon::current_num_threads()).max(1);
        received.par_chunks_mut(width).enumerate().for_each(|(chunk, received)| {
            let first = chunk * width;
            for source in 0..self.nodes() as u32 {
                let (row, weights) = (self.row(source), self.row_weights(source));
                let from = row.partition_point(|&target| (target as usize) < first);
                for (at, &target) in row.iter().enumerate().skip(from) {
                    let Some(sum) = received.get_mut(target as usize - first) else { break };
                    let weight = weights.map_or(1.0, |weights| weights[at]);
                    add(sum, WeightedArc { source, target, weight });
                }
            }
        });
        received
    }

    /// Sum of the weights of one row.
    pub fn strength(&self, person: u32) -> f64 {
        match self.row_weights(person) {
            Some(weights) => weights.iter().map(|&weight| f64::from(weight)).sum(),
            None => self.degree(person) as f64,
        }
    }
}

/// Fails on the first weight that is not finite and positive.
pub(super) fn check_weights(weights: Option<&[f32]>) -> Result<(), CsrError> {
    let wrong = weights.and_then(|weights| {
        let arc = weights.iter().position(|&weight| !(weight.is_finite() && weight > 0.0))?;
        Some(CsrError::Weight { arc, weight: weights[arc].to_string() })
    });
    wrong.map_or(Ok(()), Err)
}
