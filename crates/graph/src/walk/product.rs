//! Sums along all arcs, several vectors at once, on the blocks of the [`BlockLayout`].
//!
//! Every source writes its messages, block by block; then every block adds up what arrived. A block
//! sums in f64 and in the order of the sources, so the bits depend on neither threads nor
//! instruction sets: nothing is fused or reordered. Memory: 4 B for every message and vector, and
//! 8·2^16 B for every thread and vector.

use rayon::prelude::*;

use super::blocks::{BLOCK, split_front};
use super::layout::{BlockLayout, SentMessages};
use super::rows::AlignedRows;
use super::scratch::ScratchPool;
use super::simd::{BlockTask, with_simd};

/// The buffers of sums along a layout, for any number of passes.
#[derive(Debug)]
pub(crate) struct WalkBuffers<const K: usize> {
    pub(super) messages: AlignedRows<f32, K>,
    pub(super) scratch: ScratchPool<K>,
}

/// Writes the messages of one block of people.
struct SendTask<'a, const K: usize> {
    x: &'a [[f32; K]],
    senders: &'a [u16],
    messages: &'a mut [[f32; K]],
}

/// Adds up the messages to one block of people.
struct ReceiveTask<'a, const K: usize, E, F> {
    layout: &'a BlockLayout,
    block: usize,
    messages: &'a [[f32; K]],
    /// Zeroes, and zeroes again afterwards.
    sums: &'a mut [[f64; K]],
    x: &'a mut [[f32; K]],
    state: &'a mut [E],
    next: &'a F,
}

/// Replies to the messages to one block of people.
struct ReplyTask<'a, const K: usize> {
    layout: &'a BlockLayout,
    block: usize,
    x: &'a [[f32; K]],
    messages: Vec<&'a mut [[f32; K]]>,
}

impl BlockLayout {
    /// Buffers for sums along this layout.
    pub(crate) fn buffers<const K: usize>(&self) -> WalkBuffers<K> {
        WalkBuffers {
            messages: AlignedRows::zeroes(self.messages()),
            scratch: ScratchPool::default(),
        }
    }

    /// Sums of sources at their targets, by the arcs' weights: `x` becomes `Aᵀ x`. `buffers` are
    /// [`BlockLayout::buffers`]. Time O(arcs).
    pub(crate) fn scatter<const K: usize>(&self, x: &mut [[f32; K]], buffers: &mut WalkBuffers<K>) {
        self.scatter_with(x, buffers, &mut vec![(); x.len()], |_, received, ()| received);
    }

    /// As [`BlockLayout::scatter`], and `next` makes each person's new value from its number, the sum
    /// that it received and its own entry of `state`. One pass over the people instead of two.
    pub(crate) fn scatter_with<const K: usize, E: Send>(
        &self,
        x: &mut [[f32; K]],
        buffers: &mut WalkBuffers<K>,
        state: &mut [E],
        next: impl Fn(usize, [f32; K], &mut E) -> [f32; K] + Sync,
    ) {
        self.send(x, &mut buffers.messages);
        let (messages, next) = (&*buffers.messages, &next);
        let blocks = x.par_chunks_mut(BLOCK).zip(state.par_chunks_mut(BLOCK));
        blocks.enumerate().for_each(|(block, (x, state))| {
            buffers.scratch.with_sums(|sums| {
                with_simd(ReceiveTask { layout: self, block, messages, sums, x, state, next });
            });
        });
    }

    /// Sums of targets at their sources, by the arcs' weights: `x` becomes `A x`. Each message is
    /// replied to with the f32 sum over its arcs. `buffers` are [`BlockLayout::buffers`]. Time O(arcs).
    pub(crate) fn gather<const K: usize>(&self, x: &mut [[f32; K]], buffers: &mut WalkBuffers<K>) {
        let messages = self.by_receiver(&mut buffers.messages);
        let blocks = messages.into_par_iter().zip(x.par_chunks(BLOCK));
        blocks.enumerate().for_each(|(block, (messages, x))| {
            with_simd(ReplyTask { layout: self, block, x, messages });
        });
        let replies = &*buffers.messages;
        x.par_chunks_mut(BLOCK).enumerate().for_each(|(block, x)| {
            let sent = self.sent_by(block);
            buffers.scratch.with_sums(|sums| collect_replies(&sent, replies, sums, x));
        });
    }

    /// Writes the messages, source block by source block: each person sends its entry of `x`.
    pub(super) fn send<const K: usize>(&self, x: &[[f32; K]], messages: &mut [[f32; K]]) {
        let mut rest = messages;
        let parts = x.chunks(BLOCK).enumerate().map(|(block, x)| {
            let SentMessages { range, senders } = self.sent_by(block);
            SendTask { x, senders, messages: split_front(&mut rest, range.len()) }
        });
        parts.collect::<Vec<_>>().into_par_iter().for_each(with_simd);
    }
}

/// Sums the replies to the messages that a block sent into `x`.
fn collect_replies<const K: usize>(
    sent: &SentMessages<'_>,
    replies: &[[f32; K]],
    sums: &mut [[f64; K]],
    x: &mut [[f32; K]],
) {
    for (reply, &sender) in replies[sent.range.clone()].iter().zip(sent.senders) {
        let sums = &mut sums[usize::from(sender)];
        sums.iter_mut().zip(reply).for_each(|(sum, &part)| *sum += f64::from(part));
    }
    for (x, sums) in x.iter_mut().zip(sums.iter_mut()) {
        *x = std::mem::replace(sums, [0.0; K]).map(|sum| sum as f32);
    }
}

impl<const K: usize> BlockTask for SendTask<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // For a whole block the compiler can prove that every sender is in bounds.
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

impl<const K: usize, E, F> BlockTask for ReceiveTask<'_, K, E, F>
where
    F: Fn(usize, [f32; K], &mut E) -> [f32; K],
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.layout.receive(self.block, self.messages, self.sums);
        let people = self.x.iter_mut().zip(self.sums).zip(self.state);
        for (((x, sums), state), person) in people.zip(self.block * BLOCK..) {
            let received = std::mem::replace(sums, [0.0; K]).map(|sum| sum as f32);
            *x = (self.next)(person, received, state);
        }
    }
}

impl<const K: usize> BlockTask for ReplyTask<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.layout.reply(self.block, self.x, self.messages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Csr;
    use crate::generate::rmat;
    use crate::seed::RandomSeed;

    /// Four blocks; weighted if `weighted`.
    fn arcs(weighted: bool) -> Csr {
        let csr = Csr::from_arcs(1 << 17, rmat(17, 3, RandomSeed(1)).list()).unwrap().csr;
        let weights = (0..csr.arcs()).map(|arc| 0.5 + (arc % 7) as f32);
        let weights = weighted.then(|| weights.collect());
        Csr::from_parts(csr.offsets().to_vec(), csr.targets().to_vec(), weights).unwrap()
    }

    /// Three different numbers for each person.
    fn vectors(nodes: usize) -> Vec<[f32; 3]> {
        (0..nodes).map(|person| [1, 5, 9].map(|prime| (person * prime % 11) as f32)).collect()
    }

    /// The product of the rows with `x`, arc by arc.
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
    fn sums_both_ways_equal_those_of_the_rows() {
        for weighted in [false, true] {
            let arcs = arcs(weighted);
            let layout = BlockLayout::new(&arcs);
            let x = vectors(arcs.nodes());
            let mut buffers = layout.buffers();
            let (mut along, mut against) = (x.clone(), x.clone());
            layout.scatter(&mut along, &mut buffers);
            layout.gather(&mut against, &mut buffers);
            // All sums are of halves, so none is rounded.
            assert!(along == plain(&arcs.transpose(), &x));
            assert!(against == plain(&arcs, &x));
        }
    }
}
