//! The ties between the things that one community contains.

/// An undirected graph of items `0..n`, as each item sees it: w_ij / s_i, where s is the sum of an item's weights.
#[derive(Debug)]
pub(super) struct Ties {
    starts: Vec<u32>,
    ends: Vec<Tie>,
    /// What each item has of all weights; all sum to 1, if there are any.
    pub(super) masses: Vec<f64>,
}

/// One tie, as one of its ends has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tie {
    pub(super) other: u32,
    /// Of all that its end has; those of an end sum to 1.
    pub(super) share: f32,
}

/// A tie between two items.
#[derive(Debug, Clone, Copy)]
pub(super) struct TiedPair {
    pub(super) items: [u32; 2],
    pub(super) weight: f32,
}

impl Ties {
    /// Ties of `items` items, from pairs in any order; of a pair that is repeated, weights add up.
    pub(super) fn new(items: usize, pairs: &[TiedPair]) -> Ties {
        let mut starts = vec![0u32; items + 1];
        let mut strengths = vec![0f64; items];
        for pair in pairs {
            for item in pair.items {
                starts[item as usize + 1] += 1;
                strengths[item as usize] += f64::from(pair.weight);
            }
        }
        (0..items).for_each(|item| starts[item + 1] += starts[item]);
        let mut next = starts.clone();
        let mut ends = vec![Tie { other: 0, share: 0.0 }; pairs.len() * 2];
        for &TiedPair { items: [a, b], weight } in pairs {
            for (item, other) in [(a, b), (b, a)] {
                let share = (f64::from(weight) / strengths[item as usize]) as f32;
                let next = &mut next[item as usize];
                ends[*next as usize] = Tie { other, share };
                *next += 1;
            }
        }
        let all: f64 = strengths.iter().sum();
        let masses = strengths.iter().map(|own| if all > 0.0 { own / all } else { 0.0 }).collect();
        Ties { starts, ends, masses }
    }

    /// The ties of one item.
    pub(super) fn of(&self, item: usize) -> &[Tie] {
        &self.ends[self.starts[item] as usize..self.starts[item + 1] as usize]
    }
}
