//! Who is tied to whom among the things that one community contains.

/// An undirected graph of items `0..n`, its weights made comparable: w_ij / √(s_i s_j), where s is the sum of
/// an item's weights. So an item to which all are tied draws each of them little.
#[derive(Debug)]
pub(super) struct Ties {
    starts: Vec<u32>,
    ends: Vec<Tie>,
}

/// One tie, as one of its ends has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tie {
    pub(super) other: u32,
    pub(super) weight: f32,
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
        let mut ends = vec![Tie { other: 0, weight: 0.0 }; pairs.len() * 2];
        for &TiedPair { items: [a, b], weight } in pairs {
            let scale = (strengths[a as usize] * strengths[b as usize]).sqrt();
            let weight = (f64::from(weight) / scale) as f32;
            for (item, other) in [(a, b), (b, a)] {
                let next = &mut next[item as usize];
                ends[*next as usize] = Tie { other, weight };
                *next += 1;
            }
        }
        Ties { starts, ends }
    }

    /// The ties of one item.
    pub(super) fn of(&self, item: usize) -> &[Tie] {
        &self.ends[self.starts[item] as usize..self.starts[item + 1] as usize]
    }
}
