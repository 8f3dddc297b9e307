//! Graphs from graphs: transposed, symmetrised, relabelled, filtered. All linear in the arcs.

use rayon::prelude::*;

use super::{Csr, CsrError, build::rows_mut};

impl Csr {
    /// The same arcs by target: row v holds who attends to v. Rows come out sorted, since sources
    /// are visited in ascending order.
    pub fn transpose(&self) -> Csr {
        let nodes = self.nodes();
        let mut offsets = vec![0u64; nodes + 1];
        for &target in &self.targets {
            offsets[target as usize + 1] += 1;
        }
        for row in 0..nodes {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut targets = vec![0u32; self.arcs()];
        let mut weights = self.weights.as_ref().map(|_| vec![0f32; self.arcs()]);
        for source in 0..nodes as u32 {
            for arc in self.range(source) {
                let place = &mut next[self.targets[arc] as usize];
                targets[*place as usize] = source;
                if let (Some(to), Some(from)) = (&mut weights, &self.weights) {
                    to[*place as usize] = from[arc];
                }
                *place += 1;
            }
        }
        Csr { offsets, targets, weights }
    }

    /// Arcs in both directions, each weighing w_uv + w_vu. `transposed` must be this graph's
    /// transpose. An unweighted graph becomes a weighted one: mutual arcs weigh 2.
    pub fn symmetrise(&self, transposed: &Csr) -> Csr {
        let rows = (0..self.nodes() as u32)
            .into_par_iter()
            .with_min_len(256)
            .map(|person| merge(self.arcs_of(person), transposed.arcs_of(person)))
            .collect();
        Csr::from_rows(rows, true)
    }

    /// The arcs for which `keep(source, target, weight)` holds.
    pub fn filter(&self, keep: impl Fn(u32, u32, f32) -> bool + Sync) -> Csr {
        let rows = (0..self.nodes() as u32)
            .into_par_iter()
            .with_min_len(256)
            .map(|source| self.arcs_of(source).filter(|&(to, w)| keep(source, to, w)).collect())
            .collect();
        Csr::from_rows(rows, self.weights.is_some())
    }

    /// Gives every person a new number: `new_ids[old] = new`, a permutation of `0..nodes`.
    pub fn relabel(&self, new_ids: &[u32]) -> Result<Csr, CsrError> {
        let old_ids = invert(new_ids, self.nodes())?;
        let rows = old_ids
            .par_iter()
            .with_min_len(256)
            .map(|&old| {
                let mut row: Vec<(u32, f32)> =
                    self.arcs_of(old).map(|(to, w)| (new_ids[to as usize], w)).collect();
                row.sort_unstable_by_key(|arc| arc.0);
                row
            })
            .collect();
        Ok(Csr::from_rows(rows, self.weights.is_some()))
    }

    /// Joins sorted rows into one graph.
    pub(crate) fn from_rows(rows: Vec<Vec<(u32, f32)>>, weighted: bool) -> Csr {
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        offsets.push(0u64);
        let mut arcs = 0;
        offsets.extend(rows.iter().map(|row| {
            arcs += row.len() as u64;
            arcs
        }));
        let mut targets = vec![0u32; arcs as usize];
        fill(&offsets, &mut targets, &rows, |arc| arc.0);
        let weights = weighted.then(|| {
            let mut weights = vec![0f32; arcs as usize];
            fill(&offsets, &mut weights, &rows, |arc| arc.1);
            weights
        });
        Csr { offsets, targets, weights }
    }
}

fn fill<T: Send>(
    offsets: &[u64],
    values: &mut [T],
    rows: &[Vec<(u32, f32)>],
    value: impl Fn(&(u32, f32)) -> T + Sync,
) {
    rows_mut(offsets, values).into_par_iter().zip(rows).with_min_len(256).for_each(|(to, row)| {
        for (slot, arc) in to.iter_mut().zip(row) {
            *slot = value(arc);
        }
    });
}

fn merge(
    a: impl Iterator<Item = (u32, f32)>,
    b: impl Iterator<Item = (u32, f32)>,
) -> Vec<(u32, f32)> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    let mut row = Vec::new();
    while let (Some(&(left, w_left)), Some(&(right, w_right))) = (a.peek(), b.peek()) {
        row.push(match left.cmp(&right) {
            std::cmp::Ordering::Less => (left, w_left),
            std::cmp::Ordering::Greater => (right, w_right),
            std::cmp::Ordering::Equal => (left, w_left + w_right),
        });
        if left <= right {
            a.next();
        }
        if right <= left {
            b.next();
        }
    }
    row.extend(a);
    row.extend(b);
    row
}

/// The inverse of a permutation of `0..nodes`.
fn invert(new_ids: &[u32], nodes: usize) -> Result<Vec<u32>, CsrError> {
    if new_ids.len() != nodes {
        return Err(CsrError::Offsets { row: new_ids.len() });
    }
    let mut old_ids = vec![u32::MAX; nodes];
    for (old, &new) in new_ids.iter().enumerate() {
        match old_ids.get_mut(new as usize) {
            Some(slot) if *slot == u32::MAX => *slot = old as u32,
            _ => return Err(CsrError::PersonOutside { arc: old, person: new, nodes }),
        }
    }
    Ok(old_ids)
}
