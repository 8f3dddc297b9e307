//! Overlapping membership: the communities that a person's attention, given and received, goes to.
//!
//! A person's own community always counts; another one if the person is tied to it more than chance
//! explains: its weight there exceeds the expected `k·vol_c/vol` by two standard deviations and one
//! tie. The eight largest are kept. Time O(edges), memory O(8·people).

use rayon::prelude::*;

use super::network::{Network, Sums};
use super::{Level, NO_COMMUNITY, Overlap};

/// Memberships kept for each person.
const MEMBERSHIPS_MAX: usize = 8;

/// Memberships of everybody in the communities of a level.
pub(crate) fn overlap(network: &Network, level: &Level) -> Overlap {
    let (community_of, count) = (&level.community_of, level.communities as usize);
    let mut volumes = vec![0.0; count];
    for (node, &community) in community_of.iter().enumerate() {
        if community != NO_COMMUNITY {
            volumes[community as usize] += network.volumes[node];
        }
    }
    let rows: Vec<Vec<(u32, f32)>> = (0..network.nodes())
        .into_par_iter()
        .map_init(
            || Sums::new(count),
            |sums, node| memberships(network, community_of, &volumes, sums, node),
        )
        .collect();
    let mut offsets = vec![0];
    offsets.extend(rows.iter().scan(0, |sum, row| {
        *sum += row.len() as u64;
        Some(*sum)
    }));
    let flat = || rows.iter().flatten();
    Overlap {
        offsets,
        communities: flat().map(|membership| membership.0).collect(),
        shares: flat().map(|membership| membership.1).collect(),
    }
}

fn memberships(
    network: &Network,
    community_of: &[u32],
    volumes: &[f64],
    sums: &mut Sums,
    node: usize,
) -> Vec<(u32, f32)> {
    let own = community_of[node];
    if own == NO_COMMUNITY {
        return Vec::new();
    }
    let mut ties = 0.0;
    for (to, weight) in network.edges(node) {
        ties += weight;
        if community_of[to as usize] != NO_COMMUNITY {
            sums.add(community_of[to as usize], weight);
        }
    }
    if ties == 0.0 {
        return vec![(own, 1.0)];
    }
    let degree = (network.offsets[node + 1] - network.offsets[node]) as f64;
    let unit = ties / degree;
    let mut found: Vec<(u32, f32)> = Vec::new();
    let own_weight = sums.get(own);
    sums.drain(|community, weight| {
        let expected = degree * volumes[community as usize] / network.total;
        if community != own && weight / unit > expected + 2.0 * expected.sqrt() + 1.0 {
            found.push((community, (weight / ties) as f32));
        }
    });
    found.push((own, (own_weight / ties) as f32));
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if let Some(place) = found.iter().position(|membership| membership.0 == own)
        && place >= MEMBERSHIPS_MAX
    {
        found.swap(MEMBERSHIPS_MAX - 1, place);
    }
    found.truncate(MEMBERSHIPS_MAX);
    found
}
