//! The arcs that start in the members of one community, by receiver: a transpose by counting, and by
//! sorting for receivers outside. Time O(arcs that start in the community).

use super::members::MemberList;
use crate::csr::Csr;
use crate::sorting::sort_by_number;

/// The arcs that start in the members, by source.
///
/// Memory: 4 B/arc and 16 B/member; 24 B more for each arc that leaves the community while
/// [`MemberArcs::by_receiver`] sorts them.
pub(super) struct MemberArcs<'a> {
    members: MemberList<'a>,
    arcs: &'a Csr,
    /// Where the arcs of each member start in `targets`.
    firsts: Vec<usize>,
    /// The member index of each arc's target; the number of members for outsiders.
    targets: Vec<u32>,
    /// The number of arcs between members whose target comes before each.
    starts: Vec<usize>,
}

/// Arcs that start in the members, by receiver: members by member index, then outsiders by number.
///
/// Memory: 4 B/arc, 4 B/arc more with weights, and 12 B/receiver.
pub(super) struct ReceivedArcs {
    /// Receivers who are not members, ascending.
    outsiders: Vec<u32>,
    /// Where the arcs of each receiver start, and their number at the end.
    starts: Vec<usize>,
    /// The position of each arc's source in the order of sources, ascending for each receiver.
    sources: Vec<u32>,
    /// Weights beside the sources; `None` if all are 1.
    weights: Option<Vec<f32>>,
}

/// An arc from a member to an outsider.
#[derive(Clone, Copy, Default)]
struct LeavingArc {
    to: u32,
    source: u32,
    weight: f32,
}

impl<'a> MemberArcs<'a> {
    pub(super) fn new(members: MemberList<'a>, arcs: &'a Csr) -> MemberArcs<'a> {
        let mut starts = vec![0; members.len() + 2];
        let mut firsts = Vec::with_capacity(members.len());
        let mut targets = Vec::new();
        for &member in members.people {
            firsts.push(targets.len());
            targets.extend(arcs.row(member).iter().map(|&to| members.index_of(to)));
        }
        targets.iter().for_each(|&target| starts[target as usize + 1] += 1);
        for target in 1..starts.len() {
            starts[target] += starts[target - 1];
        }
        starts.pop();
        MemberArcs { members, arcs, firsts, targets, starts }
    }

    /// Number of arcs.
    pub(super) fn arcs(&self) -> usize {
        self.targets.len()
    }

    /// The targets of a member's arcs.
    #[inline]
    fn targets_of(&self, member: u32) -> &[u32] {
        let first = self.firsts[member as usize];
        &self.targets[first..first + self.arcs.degree(self.members.people[member as usize])]
    }

    /// The arcs between members; sources are given by their positions in `order`, which has all member
    /// indexes.
    pub(super) fn between(&self, order: impl Iterator<Item = u32>) -> ReceivedArcs {
        let (count, inner) = (self.members.len(), self.starts[self.members.len()]);
        let mut next = self.starts.clone();
        // One more, for all arcs that leave: a branch would often be mispredicted.
        let mut sources = vec![0; inner + 1];
        let mut weights = self.arcs.weights().map(|_| vec![0.0; inner + 1]);
        for (source, member) in (0..).zip(order) {
            let row = self.arcs.row_weights(self.members.people[member as usize]);
            for (at, &target) in self.targets_of(member).iter().enumerate() {
                let next = &mut next[target as usize];
                sources[*next] = source;
                if let (Some(weights), Some(row)) = (&mut weights, row) {
                    weights[*next] = row[at];
                }
                *next += usize::from((target as usize) < count);
            }
        }
        sources.truncate(inner);
        weights.iter_mut().for_each(|weights| weights.truncate(inner));
        ReceivedArcs { outsiders: Vec::new(), starts: self.starts.clone(), sources, weights }
    }

    /// All arcs; sources are given by their positions in `order`, which has all member indexes.
    pub(super) fn by_receiver(self, order: &[u32]) -> ReceivedArcs {
        let mut received = self.between(order.iter().copied());
        let mut leaving = self.leaving(order);
        drop(self);
        sort_by_number(&mut leaving, |arc| arc.to);
        received.sources.extend(leaving.iter().map(|arc| arc.source));
        if let Some(weights) = &mut received.weights {
            weights.extend(leaving.iter().map(|arc| arc.weight));
        }
        let mut end = received.starts[received.starts.len() - 1];
        for same in leaving.chunk_by(|a, b| a.to == b.to) {
            end += same.len();
            received.outsiders.push(same[0].to);
            received.starts.push(end);
        }
        received
    }

    /// The arcs to outsiders, by source in `order`.
    fn leaving(&self, order: &[u32]) -> Vec<LeavingArc> {
        // Written for all arcs and kept for some: a branch would often be mispredicted.
        let mut leaving =
            vec![LeavingArc::default(); self.arcs() - self.starts[self.members.len()] + 1];
        let mut count = 0;
        for (source, &member) in (0..).zip(order) {
            let arcs = self.arcs.arcs_of(self.members.people[member as usize]);
            for ((to, weight), &target) in arcs.zip(self.targets_of(member)) {
                leaving[count] = LeavingArc { to, source, weight };
                count += usize::from(target as usize == self.members.len());
            }
        }
        leaving.truncate(count);
        leaving
    }
}

impl ReceivedArcs {
    /// Receivers who are not members: those of the last rows.
    pub(super) fn outsiders(&self) -> &[u32] {
        &self.outsiders
    }

    /// Whether a receiver has no arcs.
    pub(super) fn is_empty(&self, receiver: usize) -> bool {
        self.starts[receiver] == self.starts[receiver + 1]
    }

    /// Visits the sources of a receiver, ascending, with the arcs' weights.
    #[inline(always)]
    pub(super) fn for_each(&self, receiver: usize, mut visit: impl FnMut(usize, f32)) {
        let range = self.starts[receiver]..self.starts[receiver + 1];
        let sources = &self.sources[range.clone()];
        match &self.weights {
            None => sources.iter().for_each(|&source| visit(source as usize, 1.0)),
            Some(weights) => {
                let arcs = sources.iter().zip(&weights[range]);
                arcs.for_each(|(&source, &weight)| visit(source as usize, weight));
            }
        }
    }

    /// `Σ rate · weight` over the sources of a receiver.
    #[inline(always)]
    pub(super) fn sum(&self, receiver: usize, rates: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.for_each(receiver, |source, weight| sum += rates[source] * f64::from(weight));
        sum
    }
}
