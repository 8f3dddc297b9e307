//! The inner loops over the arcs of messages, one for each small number of arcs.
//!
//! All is `#[inline(always)]`, so that it is compiled once for each caller of
//! [`with_simd`](super::simd::with_simd), with the instructions that are enabled there.

use super::blocks::{BLOCK, split_front};
use super::groups::MessageGroup;

/// An action on each message from one block to another, in order.
pub(super) trait MessageVisitor {
    /// Visits the next messages: those of `N` arcs each, given as positions within the target block,
    /// and weights if there are any.
    fn visit_fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>);

    /// Visits one message of any number of arcs.
    fn visit_one(&mut self, targets: &[u16], weights: Option<&[f32]>);
}

/// Adds messages to the sums of their targets.
pub(super) struct ScatterVisitor<'a, const K: usize> {
    pub(super) values: &'a [[f32; K]],
    pub(super) sums: &'a mut [[f64; K]; BLOCK],
}

/// Sums the values of the targets of each message.
pub(super) struct GatherVisitor<'a, const K: usize> {
    pub(super) values: &'a [[f32; K]],
    pub(super) sums: &'a mut [[f32; K]],
}

/// Arcs that are still to be visited.
pub(super) struct RemainingArcs<'a> {
    pub(super) targets: &'a [u16],
    pub(super) weights: Option<&'a [f32]>,
}

impl RemainingArcs<'_> {
    /// Visits the messages of these groups.
    #[inline(always)]
    pub(super) fn visit(mut self, groups: &[MessageGroup], visitor: &mut impl MessageVisitor) {
        for &group in groups {
            let arcs = self.take(group.all_arcs());
            match group.arcs {
                1 => arcs.visit_fixed::<1>(visitor),
                2 => arcs.visit_fixed::<2>(visitor),
                3 => arcs.visit_fixed::<3>(visitor),
                4 => arcs.visit_fixed::<4>(visitor),
                5 => arcs.visit_fixed::<5>(visitor),
                6 => arcs.visit_fixed::<6>(visitor),
                7 => arcs.visit_fixed::<7>(visitor),
                8 => arcs.visit_fixed::<8>(visitor),
                length => arcs.visit_each(length as usize, visitor),
            }
        }
    }

    /// Messages of `N` arcs each.
    #[inline(always)]
    fn visit_fixed<const N: usize>(self, visitor: &mut impl MessageVisitor) {
        let (targets, _) = self.targets.as_chunks();
        let weights = self.weights.map(|weights| {
            let (weights, _) = weights.as_chunks();
            weights
        });
        visitor.visit_fixed::<N>(targets, weights);
    }

    /// Messages of `length` arcs each.
    #[inline(always)]
    fn visit_each(mut self, length: usize, visitor: &mut impl MessageVisitor) {
        while !self.targets.is_empty() {
            let RemainingArcs { targets, weights } = self.take(length);
            visitor.visit_one(targets, weights);
        }
    }

    /// Takes the first `count` arcs.
    #[inline(always)]
    fn take(&mut self, count: usize) -> Self {
        let (targets, targets_left) = self.targets.split_at(count);
        self.targets = targets_left;
        let weights = self.weights.map(|weights| {
            let (taken, weights_left) = weights.split_at(count);
            self.weights = Some(weights_left);
            taken
        });
        RemainingArcs { targets, weights }
    }
}

impl<const K: usize> MessageVisitor for ScatterVisitor<'_, K> {
    #[inline(always)]
    fn visit_fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let (values, values_left) = self.values.split_at(targets.len());
        self.values = values_left;
        // Loops, since the closure of a `for_each` would be compiled without the wider instructions.
        let Some(weights) = weights else {
            for (value, targets) in values.iter().zip(targets) {
                add(value, targets, self.sums);
            }
            return;
        };
        for ((value, targets), weights) in values.iter().zip(targets).zip(weights) {
            add_weighted(value, targets, weights, self.sums);
        }
    }

    #[inline(always)]
    fn visit_one(&mut self, targets: &[u16], weights: Option<&[f32]>) {
        let (value, values_left) = self.values.split_first().expect("each message has a value");
        self.values = values_left;
        match weights {
            None => add(value, targets, self.sums),
            Some(weights) => add_weighted(value, targets, weights, self.sums),
        }
    }
}

#[inline(always)]
fn add<const K: usize>(value: &[f32; K], targets: &[u16], sums: &mut [[f64; K]; BLOCK]) {
    let value = value.map(f64::from);
    for &target in targets {
        let sum = &mut sums[usize::from(target)];
        for lane in 0..K {
            sum[lane] += value[lane];
        }
    }
}

#[inline(always)]
fn add_weighted<const K: usize>(
    value: &[f32; K],
    targets: &[u16],
    weights: &[f32],
    sums: &mut [[f64; K]; BLOCK],
) {
    let value = value.map(f64::from);
    for (&target, &weight) in targets.iter().zip(weights) {
        let sum = &mut sums[usize::from(target)];
        for lane in 0..K {
            sum[lane] += value[lane] * f64::from(weight);
        }
    }
}

impl<const K: usize> MessageVisitor for GatherVisitor<'_, K> {
    #[inline(always)]
    fn visit_fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let sums = split_front(&mut self.sums, targets.len()).iter_mut().zip(targets);
        let Some(weights) = weights else {
            for (into, targets) in sums {
                *into = sum(self.values, targets);
            }
            return;
        };
        for ((into, targets), weights) in sums.zip(weights) {
            *into = sum_weighted(self.values, targets, weights);
        }
    }

    #[inline(always)]
    fn visit_one(&mut self, targets: &[u16], weights: Option<&[f32]>) {
        split_front(&mut self.sums, 1)[0] = match weights {
            None => sum(self.values, targets),
            Some(weights) => sum_weighted(self.values, targets, weights),
        };
    }
}

#[inline(always)]
fn sum<const K: usize>(values: &[[f32; K]], targets: &[u16]) -> [f32; K] {
    let mut sum = [0.0; K];
    for &target in targets {
        let value = &values[usize::from(target)];
        for lane in 0..K {
            sum[lane] += value[lane];
        }
    }
    sum
}

#[inline(always)]
fn sum_weighted<const K: usize>(values: &[[f32; K]], targets: &[u16], weights: &[f32]) -> [f32; K] {
    let mut sum = [0.0; K];
    for (&target, &weight) in targets.iter().zip(weights) {
        let value = &values[usize::from(target)];
        for lane in 0..K {
            sum[lane] += weight * value[lane];
        }
    }
    sum
}
