//! Graphs from graphs: transposed, symmetrised, relabelled, filtered. All linear in the arcs.

use super::error::CsrError;
use super::rows::Csr;
use super::two_way::TwoWayArcs;

impl Csr {
    /// The same arcs by target: row v has the people who attend to v. Rows come out sorted, since
    /// sources are visited in ascending order.
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
                let next = &mut next[self.targets[arc] as usize];
                targets[*next as usize] = source;
                if let (Some(to), Some(from)) = (&mut weights, &self.weights) {
                    to[*next as usize] = from[arc];
                }
                *next += 1;
            }
        }
        Csr { offsets, targets, weights }
    }

    /// Arcs in both directions, each weighing w_uv + w_vu. `transposed` must be this graph's
    /// transpose. An unweighted graph becomes a weighted one: mutual arcs weigh 2.
    pub fn symmetrise(&self, transposed: &Csr) -> Csr {
        let arcs = TwoWayArcs { arcs: self, transposed };
        Csr::from_each(self.nodes(), true, |person, rows| {
            arcs.for_each(person, |other, to, from| rows.push(other, to + from));
        })
    }

    /// The arcs for which `keep(source, target, weight)` holds.
    pub fn filter(&self, keep: impl Fn(u32, u32, f32) -> bool + Sync) -> Csr {
        Csr::from_each(self.nodes(), self.weights.is_some(), |source, rows| {
            let kept =
                self.arcs_of(source).filter(|&(target, weight)| keep(source, target, weight));
            kept.for_each(|(target, weight)| rows.push(target, weight));
        })
    }

    /// Gives every person a new number: `new_ids[old] = new`, a permutation of `0..nodes`.
    pub fn relabel(&self, new_ids: &[u32]) -> Result<Csr, CsrError> {
        let old_ids = invert(new_ids, self.nodes())?;
        Ok(Csr::from_each(self.nodes(), self.weights.is_some(), |new, rows| {
            let arcs = self.arcs_of(old_ids[new as usize]);
            let mut row: Vec<(u32, f32)> = arcs.map(|(to, w)| (new_ids[to as usize], w)).collect();
            row.sort_unstable_by_key(|arc| arc.0);
            row.into_iter().for_each(|(target, weight)| rows.push(target, weight));
        }))
    }
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
