//! Agreement of two partitions: NMI, AMI and ARI.
//!
//! `NMI = I / ((H(U) + H(V)) / 2)`; `AMI = (I − E[I]) / ((H(U) + H(V)) / 2 − E[I])` with the exact
//! expectation under random permutation (Vinh, Epps, Bailey 2010); ARI by Hubert and Arabie 1985.
//! Time O(n + Σ over distinct pairs of cluster sizes of the smaller size).

use std::collections::BTreeMap;

/// Agreement of two partitions of the same people, 1 for equal ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartitionAgreement {
    /// Normalised mutual information, arithmetic mean; 0 to 1.
    pub nmi: f64,
    /// Adjusted for chance: 0 for random partitions, below 0 for worse.
    pub ami: f64,
    /// Adjusted Rand index: share of pairs treated alike, adjusted for chance.
    pub ari: f64,
}

/// Compares two labellings of equal length; labels are any numbers. Empty ones agree fully.
///
/// ```
/// let agreement = graph::eval::agreement(&[0, 0, 1, 1], &[7, 7, 3, 3]);
/// assert!((agreement.ami - 1.0).abs() < 1e-9);
/// ```
pub fn agreement(found: &[u32], truth: &[u32]) -> PartitionAgreement {
    let table = ContingencyTable::new(found, truth);
    let (entropy_rows, entropy_columns) =
        (table.entropy(&table.rows), table.entropy(&table.columns));
    let information = table.information();
    let expected = expected_information(&table.rows, &table.columns, table.total);
    let mean = (entropy_rows + entropy_columns) / 2.0;
    PartitionAgreement {
        nmi: ratio(information, mean),
        ami: ratio(information - expected, mean - expected),
        ari: table.rand_index(),
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole.abs() < 1e-12 { 1.0 } else { part / whole }
}

/// How many people each pair of labels has.
struct ContingencyTable {
    cells: Vec<TableCell>,
    rows: Vec<u64>,
    columns: Vec<u64>,
    total: u64,
}

/// People with one label in each of two partitions.
#[derive(Clone, Copy)]
struct TableCell {
    row: usize,
    column: usize,
    count: u64,
}

/// Labels as numbers `0..`, in ascending order.
pub(super) struct DenseLabels {
    /// The number of each label.
    pub(super) numbers: Vec<usize>,
    /// How many different labels there are.
    pub(super) count: usize,
}

impl DenseLabels {
    pub(super) fn new(labels: &[u32]) -> DenseLabels {
        let mut distinct: Vec<u32> = labels.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let number = |label: &u32| distinct.partition_point(|other| other < label);
        DenseLabels { numbers: labels.iter().map(number).collect(), count: distinct.len() }
    }
}

impl ContingencyTable {
    fn new(found: &[u32], truth: &[u32]) -> ContingencyTable {
        let (found, truth) = (DenseLabels::new(found), DenseLabels::new(truth));
        let mut pairs: Vec<(usize, usize)> = found.numbers.into_iter().zip(truth.numbers).collect();
        pairs.sort_unstable();
        let same_pair = pairs.chunk_by(|a, b| a == b);
        let cell = |same: &[(usize, usize)]| {
            let (row, column) = same[0];
            TableCell { row, column, count: same.len() as u64 }
        };
        let cells: Vec<TableCell> = same_pair.map(cell).collect();
        let mut rows = vec![0; found.count];
        let mut columns = vec![0; truth.count];
        for &TableCell { row, column, count } in &cells {
            rows[row] += count;
            columns[column] += count;
        }
        ContingencyTable { cells, rows, columns, total: pairs.len() as u64 }
    }

    fn entropy(&self, counts: &[u64]) -> f64 {
        let total = self.total as f64;
        counts.iter().map(|&count| -(count as f64 / total) * (count as f64 / total).ln()).sum()
    }

    fn information(&self) -> f64 {
        let total = self.total as f64;
        let cell = |&TableCell { row, column, count }: &TableCell| {
            let joint = count as f64 / total;
            joint
                * (joint * total * total / (self.rows[row] as f64 * self.columns[column] as f64))
                    .ln()
        };
        self.cells.iter().map(cell).sum::<f64>().max(0.0)
    }

    fn rand_index(&self) -> f64 {
        let pairs = |count: u64| count as f64 * (count as f64 - 1.0) / 2.0;
        let both: f64 = self.cells.iter().map(|cell| pairs(cell.count)).sum();
        let rows: f64 = self.rows.iter().map(|&count| pairs(count)).sum();
        let columns: f64 = self.columns.iter().map(|&count| pairs(count)).sum();
        let expected = rows * columns / pairs(self.total).max(1.0);
        ratio(both - expected, (rows + columns) / 2.0 - expected)
    }
}

/// Expected mutual information over all pairs of partitions with these cluster sizes.
fn expected_information(rows: &[u64], columns: &[u64], total: u64) -> f64 {
    let mut ln_factorials = vec![0.0f64; total as usize + 1];
    for number in 1..=total as usize {
        ln_factorials[number] = ln_factorials[number - 1] + (number as f64).ln();
    }
    let (rows, columns) = (multiplicities(rows), multiplicities(columns));
    let mut sum = 0.0;
    for (&a, &times_a) in &rows {
        for (&b, &times_b) in &columns {
            sum += (times_a * times_b) as f64 * expected_cell(a, b, total, &ln_factorials);
        }
    }
    sum
}

fn multiplicities(sizes: &[u64]) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for &size in sizes {
        *counts.entry(size).or_insert(0) += 1;
    }
    counts
}

fn expected_cell(a: u64, b: u64, total: u64, ln_factorials: &[f64]) -> f64 {
    let f = |number: u64| ln_factorials[number as usize];
    let n = total as f64;
    let fixed = f(a) + f(b) + f(total - a) + f(total - b) - f(total);
    let low = (a + b).saturating_sub(total).max(1);
    (low..=a.min(b))
        .map(|count| {
            let chance = fixed - f(count) - f(a - count) - f(b - count) - f(total + count - a - b);
            let joint = count as f64;
            joint / n * (n * joint / (a as f64 * b as f64)).ln() * chance.exp()
        })
        .sum()
}
