//! What the members of one community give, receiver by receiver: a transpose of their arcs by
//! counting, and by sorting for receivers outside. Time O(arcs that start in the community).

use super::place::Members;
use crate::csr::Csr;
use crate::sorting::sort_by_number;

/// The arcs that start in the members, by giver.
///
/// Memory: 4 B/arc and 16 B/member; 24 B more for each arc that leaves the community while
/// [`Outflow::by_receiver`] sorts them.
pub(super) struct Outflow<'a> {
    members: Members<'a>,
    arcs: &'a Csr,
    /// Where the arcs of each member start in `seats`.
    firsts: Vec<usize>,
    /// The seat that each arc ends in; that after the last for outsiders.
    seats: Vec<u32>,
    /// How many arcs between members end in seats before each.
    starts: Vec<usize>,
}

/// Arcs that start in the members, by receiver: members by seat, then outsiders by number.
///
/// Memory: 4 B/arc, 4 B/arc more with weights, and 12 B/receiver.
pub(super) struct Inflow {
    /// Receivers who are not members, ascending.
    outsiders: Vec<u32>,
    /// Where the arcs of each receiver start, and their number at the end.
    starts: Vec<usize>,
    /// The place in the givers' order that each arc starts in, ascending for each receiver.
    givers: Vec<u32>,
    /// Weights beside the givers; `None` if all are 1.
    weights: Option<Vec<f32>>,
}

/// An arc from a member to an outsider.
#[derive(Clone, Copy, Default)]
struct Leaving {
    to: u32,
    giver: u32,
    weight: f32,
}

impl<'a> Outflow<'a> {
    pub(super) fn new(members: Members<'a>, arcs: &'a Csr) -> Outflow<'a> {
        let mut starts = vec![0; members.len() + 2];
        let mut firsts = Vec::with_capacity(members.len());
        let mut seats = Vec::new();
        for &member in members.people {
            firsts.push(seats.len());
            seats.extend(arcs.row(member).iter().map(|&to| members.seat(to)));
        }
        seats.iter().for_each(|&seat| starts[seat as usize + 1] += 1);
        for seat in 1..starts.len() {
            starts[seat] += starts[seat - 1];
        }
        starts.pop();
        Outflow { members, arcs, firsts, seats, starts }
    }

    /// Number of arcs.
    pub(super) fn arcs(&self) -> usize {
        self.seats.len()
    }

    /// The seats in which the arcs of the member in a seat end.
    #[inline]
    fn seats_of(&self, own: u32) -> &[u32] {
        let first = self.firsts[own as usize];
        &self.seats[first..first + self.arcs.degree(self.members.people[own as usize])]
    }

    /// The arcs between members; givers are named by their places in `order`, all seats.
    pub(super) fn between(&self, order: impl Iterator<Item = u32>) -> Inflow {
        let (count, inner) = (self.members.len(), self.starts[self.members.len()]);
        let mut next = self.starts.clone();
        // One more, for all that leave: a branch would be guessed wrong too often.
        let mut givers = vec![0; inner + 1];
        let mut weights = self.arcs.weights().map(|_| vec![0.0; inner + 1]);
        for (giver, own) in (0..).zip(order) {
            let row = self.arcs.row_weights(self.members.people[own as usize]);
            for (at, &seat) in self.seats_of(own).iter().enumerate() {
                let place = &mut next[seat as usize];
                givers[*place] = giver;
                if let (Some(weights), Some(row)) = (&mut weights, row) {
                    weights[*place] = row[at];
                }
                *place += usize::from((seat as usize) < count);
            }
        }
        givers.truncate(inner);
        weights.iter_mut().for_each(|weights| weights.truncate(inner));
        Inflow { outsiders: Vec::new(), starts: self.starts.clone(), givers, weights }
    }

    /// All arcs; givers are named by their places in `order`, all seats.
    pub(super) fn by_receiver(self, order: &[u32]) -> Inflow {
        let mut inflow = self.between(order.iter().copied());
        let mut leaving = self.leaving(order);
        drop(self);
        sort_by_number(&mut leaving, |arc| arc.to);
        inflow.givers.extend(leaving.iter().map(|arc| arc.giver));
        if let Some(weights) = &mut inflow.weights {
            weights.extend(leaving.iter().map(|arc| arc.weight));
        }
        let mut end = inflow.starts[inflow.starts.len() - 1];
        for same in leaving.chunk_by(|a, b| a.to == b.to) {
            end += same.len();
            inflow.outsiders.push(same[0].to);
            inflow.starts.push(end);
        }
        inflow
    }

    /// The arcs to outsiders, as the givers come in `order`.
    fn leaving(&self, order: &[u32]) -> Vec<Leaving> {
        // Written for all arcs and kept for some: a branch would be guessed wrong too often.
        let mut leaving =
            vec![Leaving::default(); self.arcs() - self.starts[self.members.len()] + 1];
        let mut count = 0;
        for (giver, &own) in (0..).zip(order) {
            let arcs = self.arcs.arcs_of(self.members.people[own as usize]);
            for ((to, weight), &seat) in arcs.zip(self.seats_of(own)) {
                leaving[count] = Leaving { to, giver, weight };
                count += usize::from(seat as usize == self.members.len());
            }
        }
        leaving.truncate(count);
        leaving
    }
}

impl Inflow {
    /// Receivers who are not members: those of the last rows.
    pub(super) fn outsiders(&self) -> &[u32] {
        &self.outsiders
    }

    /// Whether a member receives nothing.
    pub(super) fn is_empty(&self, receiver: usize) -> bool {
        self.starts[receiver] == self.starts[receiver + 1]
    }

    /// Hands out the givers of a receiver, ascending, with the arcs' weights.
    #[inline(always)]
    pub(super) fn each(&self, receiver: usize, mut hand: impl FnMut(usize, f32)) {
        let range = self.starts[receiver]..self.starts[receiver + 1];
        let givers = &self.givers[range.clone()];
        match &self.weights {
            None => givers.iter().for_each(|&giver| hand(giver as usize, 1.0)),
            Some(weights) => {
                let arcs = givers.iter().zip(&weights[range]);
                arcs.for_each(|(&giver, &weight)| hand(giver as usize, weight));
            }
        }
    }

    /// `Σ rate · weight` over the givers of a receiver.
    #[inline(always)]
    pub(super) fn sum(&self, receiver: usize, rates: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.each(receiver, |giver, weight| sum += rates[giver] * f64::from(weight));
        sum
    }
}
