//! Sums along all arcs, several vectors side by side, on the blocks of the [`Layout`].
//!
//! Every source writes its messages, block by block; then every block adds up what arrived. A block
//! sums in f64 and in the order of the sources, so the bits depend on neither threads nor
//! instruction sets: nothing is fused or reordered. Memory: 4 B for every message and vector, and
//! 8·2^16 B for every thread and vector.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::layout::{BLOCK, Layout, take};
use super::rows::Rows;

/// What is done once for each block.
pub(super) trait Work {
    /// What comes of it.
    type Done;

    /// Does it; `#[inline(always)]`, or it is compiled for the plainest processor.
    fn work(self) -> Self::Done;
}

/// Works with the widest instructions that this processor has. The bits are the same.
pub(super) fn widely<W: Work>(work: W) -> W::Done {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the one way to call what was compiled for more")]
        // SAFETY: the processor has AVX2.
        return unsafe { with_avx2(work) };
    }
    work.work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Done {
    work.work()
}

/// Where sums are made, for as many passes as one likes.
#[derive(Debug)]
pub(crate) struct Room<const K: usize> {
    pub(super) messages: Rows<f32, K>,
    pub(super) desks: Desks<K>,
}

/// Sums of blocks, all zero, as many as were ever in use at once.
#[derive(Debug, Default)]
pub(super) struct Desks<const K: usize>(Mutex<Vec<Rows<f64, K>>>);

impl<const K: usize> Desks<K> {
    /// Works with the sums of a block: zeroes, and zeroes again afterwards.
    pub(super) fn at_one<D>(&self, work: impl FnOnce(&mut [[f64; K]]) -> D) -> D {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut sums = taken.unwrap_or_else(|| Rows::zeroes(BLOCK));
        let done = work(&mut sums);
        free().push(sums);
        done
    }
}

/// One block of people while its messages are written.
struct Dispatch<'a, const K: usize> {
    x: &'a [[f32; K]],
    senders: &'a [u16],
    messages: &'a mut [[f32; K]],
}

/// One block of people while its messages become what it received.
struct Receipt<'a, const K: usize, E, F> {
    layout: &'a Layout,
    block: usize,
    messages: &'a [[f32; K]],
    /// Zeroes, and zeroes again afterwards.
    sums: &'a mut [[f64; K]],
    x: &'a mut [[f32; K]],
    beside: &'a mut [E],
    next: &'a F,
}

/// One block of people while the messages to it are answered.
struct Answer<'a, const K: usize> {
    layout: &'a Layout,
    block: usize,
    x: &'a [[f32; K]],
    answers: Vec<&'a mut [[f32; K]]>,
}

impl Layout {
    /// Room for sums along this layout.
    pub(crate) fn room<const K: usize>(&self) -> Room<K> {
        Room { messages: Rows::zeroes(self.messages()), desks: Desks::default() }
    }

    /// Everybody gets what those have who attend to it, times the arcs' weights: `x` becomes `Aᵀ x`.
    /// `room` is [`Layout::room`]. Time O(arcs).
    pub(crate) fn pass_on<const K: usize>(&self, x: &mut [[f32; K]], room: &mut Room<K>) {
        self.pass_on_to(x, room, &mut vec![(); x.len()], |_, received, ()| received);
    }

    /// The same, and of what a person gets `next` makes what it has then, with what lies beside it: so
    /// that nobody is looked at twice.
    pub(crate) fn pass_on_to<const K: usize, E: Send>(
        &self,
        x: &mut [[f32; K]],
        room: &mut Room<K>,
        beside: &mut [E],
        next: impl Fn(usize, [f32; K], &mut E) -> [f32; K] + Sync,
    ) {
        self.send(x, &mut room.messages);
        let (messages, next) = (&*room.messages, &next);
        let blocks = x.par_chunks_mut(BLOCK).zip(beside.par_chunks_mut(BLOCK));
        blocks.enumerate().for_each(|(block, (x, beside))| {
            room.desks.at_one(|sums| {
                widely(Receipt { layout: self, block, messages, sums, x, beside, next });
            });
        });
    }

    /// Everybody gets what those have whom it attends to, times the arcs' weights: `x` becomes `A x`.
    /// Each message goes backwards, as the f32 sum over its arcs. `room` is [`Layout::room`].
    /// Time O(arcs).
    pub(crate) fn ask<const K: usize>(&self, x: &mut [[f32; K]], room: &mut Room<K>) {
        let answers = self.by_receiver(&mut room.messages);
        let blocks = answers.into_par_iter().zip(x.par_chunks(BLOCK));
        blocks.enumerate().for_each(|(block, (answers, x))| {
            widely(Answer { layout: self, block, x, answers });
        });
        let messages = &*room.messages;
        x.par_chunks_mut(BLOCK).enumerate().for_each(|(block, x)| {
            room.desks.at_one(|sums| self.collect(block, messages, sums, x));
        });
    }

    /// Sums the answers to what the people of `block` sent.
    fn collect<const K: usize>(
        &self,
        block: usize,
        messages: &[[f32; K]],
        sums: &mut [[f64; K]],
        x: &mut [[f32; K]],
    ) {
        let (sent, senders) = self.sent_by(block);
        for (message, &sender) in messages[sent].iter().zip(senders) {
            let sums = &mut sums[usize::from(sender)];
            sums.iter_mut().zip(message).for_each(|(sum, &part)| *sum += f64::from(part));
        }
        for (x, sums) in x.iter_mut().zip(sums.iter_mut()) {
            *x = std::mem::replace(sums, [0.0; K]).map(|sum| sum as f32);
        }
    }

    /// Writes the messages, source block by source block: everybody sends `x`.
    pub(super) fn send<const K: usize>(&self, x: &[[f32; K]], messages: &mut [[f32; K]]) {
        let mut rest = messages;
        let parts = x.chunks(BLOCK).enumerate().map(|(block, x)| {
            let (sent, senders) = self.sent_by(block);
            Dispatch { x, senders, messages: take(&mut rest, sent.len()) }
        });
        parts.collect::<Vec<_>>().into_par_iter().for_each(widely);
    }
}

impl<const K: usize> Work for Dispatch<'_, K> {
    type Done = ();

    #[inline(always)]
    fn work(self) {
        // Of a whole block the compiler knows that nobody is outside of it.
        if let Some(x) = self.x.first_chunk::<BLOCK>() {
            for (message, &sender) in self.messages.iter_mut().zip(self.senders) {
                *message = x[usize::from(sender)];
            }
            return;
        }
        for (message, &sender) in self.messages.iter_mut().zip(self.senders) {
            *message = self.x[usize::from(sender)];
        }
    }
}

impl<const K: usize, E, F> Work for Receipt<'_, K, E, F>
where
    F: Fn(usize, [f32; K], &mut E) -> [f32; K],
{
    type Done = ();

    #[inline(always)]
    fn work(self) {
        self.layout.receive(self.block, self.messages, self.sums);
        let people = self.x.iter_mut().zip(self.sums).zip(self.beside);
        for (((x, sums), beside), person) in people.zip(self.block * BLOCK..) {
            let received = std::mem::replace(sums, [0.0; K]).map(|sum| sum as f32);
            *x = (self.next)(person, received, beside);
        }
    }
}

impl<const K: usize> Work for Answer<'_, K> {
    type Done = ();

    #[inline(always)]
    fn work(self) {
        self.layout.answer(self.block, self.x, self.answers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Csr;
    use crate::generate::rmat;
    use crate::seed::Seed;

    /// Four blocks; weighted if `weighted`.
    fn arcs(weighted: bool) -> Csr {
        let csr = Csr::from_arcs(1 << 17, rmat(17, 3, Seed(1)).list()).unwrap().csr;
        let weights = (0..csr.arcs()).map(|arc| 0.5 + (arc % 7) as f32);
        let weights = weighted.then(|| weights.collect());
        Csr::from_parts(csr.offsets().to_vec(), csr.targets().to_vec(), weights).unwrap()
    }

    /// What people have: three different numbers each.
    fn held(nodes: usize) -> Vec<[f32; 3]> {
        (0..nodes).map(|person| [1, 5, 9].map(|prime| (person * prime % 11) as f32)).collect()
    }

    fn plain(rows: &Csr, x: &[[f32; 3]]) -> Vec<[f32; 3]> {
        let sum = |person: u32| {
            let mut sum = [0.0f64; 3];
            for (other, weight) in rows.arcs_of(person) {
                sum.iter_mut()
                    .zip(x[other as usize])
                    .for_each(|(sum, x)| *sum += f64::from(weight * x));
            }
            sum.map(|sum| sum as f32)
        };
        (0..rows.nodes() as u32).map(sum).collect()
    }

    #[test]
    fn sums_both_ways_are_those_of_the_rows() {
        for weighted in [false, true] {
            let arcs = arcs(weighted);
            let layout = Layout::new(&arcs);
            let x = held(arcs.nodes());
            let mut room = layout.room();
            let (mut along, mut against) = (x.clone(), x.clone());
            layout.pass_on(&mut along, &mut room);
            layout.ask(&mut against, &mut room);
            // All sums are of halves, so none is rounded.
            assert!(along == plain(&arcs.transpose(), &x));
            assert!(against == plain(&arcs, &x));
        }
    }
}
