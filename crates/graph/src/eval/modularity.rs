//! Modularity of a partition (Newman and Girvan 2004) at γ = 1.
//!
//! `Q = Σ_c [in_c / 2m − (vol_c / 2m)²]` of the graph without directions, in which a pair weighs
//! w_uv + w_vu. Direction does not change the sums, so the arcs are read as they are. Time O(m).

use super::agreement::DenseLabels;
use crate::csr::Csr;

/// The share of weight inside of communities, less what chance would put there: −½ to 1, and 0 for
/// a graph without arcs. `community_of` has a label, any number, for each person.
pub fn modularity(arcs: &Csr, community_of: &[u32]) -> f64 {
    let labels = DenseLabels::new(community_of);
    let mut volumes = vec![0.0; labels.count];
    let (mut inside, mut total) = (0.0, 0.0);
    for source in 0..arcs.nodes() as u32 {
        let from = labels.numbers[source as usize];
        for (target, weight) in arcs.arcs_of(source) {
            let (to, weight) = (labels.numbers[target as usize], f64::from(weight));
            volumes[from] += weight;
            volumes[to] += weight;
            total += 2.0 * weight;
            if from == to {
                inside += 2.0 * weight;
            }
        }
    }
    if total == 0.0 {
        return 0.0;
    }
    inside / total - volumes.iter().map(|volume| (volume / total).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::ArcList;

    /// Two triangles, 0–2 and 3–5, and one arc between them.
    const SOURCES: [u32; 7] = [0, 1, 2, 3, 4, 5, 2];
    const TARGETS: [u32; 7] = [1, 2, 0, 4, 5, 3, 3];

    fn graph(weights: Option<&[f32]>) -> Csr {
        let list = ArcList { sources: &SOURCES, targets: &TARGETS, weights };
        Csr::from_arcs(6, list).unwrap().csr
    }

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
    }

    #[test]
    fn two_triangles_have_the_value_computed_by_hand() {
        // Each holds 3 of 7 edges and half of the ends: 2 · (3/7 − 1/4).
        close(modularity(&graph(None), &[7, 7, 7, 2, 2, 2]), 5.0 / 14.0);
        // Alone, people have 2, 2, 3, 3, 2 and 2 of 14 ends: −(4 · 4 + 2 · 9) / 196.
        close(modularity(&graph(None), &[0, 1, 2, 3, 4, 5]), -34.0 / 196.0);
        close(modularity(&graph(None), &[4; 6]), 0.0);
    }

    #[test]
    fn weights_count() {
        // The first triangle weighs 6 and the rest 4, of 10; volumes are 13 and 7, of 20.
        let weights = [2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0];
        close(modularity(&graph(Some(&weights)), &[0, 0, 0, 1, 1, 1]), 0.9 - 218.0 / 400.0);
    }

    #[test]
    fn both_directions_are_one_graph() {
        let one_way = graph(None);
        let both = one_way.symmetrise(&one_way.transpose());
        let labels = [0, 0, 1, 1, 1, 0];
        close(modularity(&both, &labels), modularity(&one_way, &labels));
    }

    #[test]
    fn nothing_is_inside_of_an_empty_graph() {
        close(modularity(&Csr::empty(3), &[0, 1, 1]), 0.0);
    }
}
