//! Agreement of an order with a truth: AUC, NDCG@k and Spearman's rank correlation.
//!
//! All are O(n log n). Ties count half in AUC and share their mean rank in Spearman; NDCG breaks
//! them by position.

/// Probability that a random positive scores above a random negative; `None` without both.
pub fn auc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let ranks = mean_ranks(scores);
    let positives = positive.iter().filter(|&&is| is).count() as f64;
    let negatives = positive.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let sum: f64 = ranks.iter().zip(positive).filter(|(_, is)| **is).map(|(rank, _)| rank).sum();
    Some((sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// Discounted gain of the k best scored, `Σ gain / log₂(place + 1)`, against the best order's;
/// `None` if no gain is positive.
pub fn ndcg(scores: &[f64], gains: &[f64], k: usize) -> Option<f64> {
    let discounted = |keys: &[f64]| -> f64 {
        let best = descending(keys);
        best.iter()
            .take(k)
            .zip(2u32..)
            .map(|(&at, place)| gains[at] / f64::from(place).log2())
            .sum()
    };
    let ideal = discounted(gains);
    (ideal > 0.0).then(|| discounted(scores) / ideal)
}

/// Pearson correlation of the mean ranks, −1 to 1; `None` if either side is constant.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (mean_ranks(a), mean_ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    let spread = product(&a, &a) * product(&b, &b);
    (spread > 0.0).then(|| product(&a, &b) / spread.sqrt())
}

/// Positions by falling value, ties by position.
fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// Ranks from 1, ascending; equal values share the mean of their ranks.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = start as f64 + (same.len() as f64 + 1.0) / 2.0;
        for &at in same {
            ranks[at] = mean;
        }
        start += same.len();
    }
    ranks
}
