//! Overlapping membership: the communities that a person's attention, given and received, goes to.
//!
//! A person's own community always counts; another one if the person is tied to it more than chance
//! explains. By chance its `k` ties fall on communities by volume, so that `λ = k·vol_c/vol` are
//! expected in c; there are `x`. Where all C communities are looked at, fewer than one person in
//! four is to be in one by chance: `P(X ≥ x) · C < 1/4`, X Poisson of λ. For x above λ,
//! `−ln P ≈ x·ln(x/λ) − x + λ + ln(2πx)/2`, its largest term by Stirling. The eight largest are kept.
//! Time O(edges), memory O(8·people).

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::network::Sums;
use super::{Level, NO_COMMUNITY, Overlap};
use crate::csr::Ties;

/// Of how many people one may be in a community by chance.
const CHANCE: f64 = 4.0;

/// Memberships kept for each person.
const MEMBERSHIPS_MAX: usize = 8;

/// Memberships of everybody in the communities of a level.
pub(crate) fn overlap(ties: Ties<'_>, level: &Level) -> Overlap {
    let (community_of, count) = (&level.community_of, level.communities as usize);
    let mut volumes = vec![0.0; count];
    for (person, &community) in community_of.iter().enumerate() {
        if community != NO_COMMUNITY {
            volumes[community as usize] += ties.strength(person as u32);
        }
    }
    // Whoever has a tie has a community, so these add up to all of the volume.
    let total: f64 = volumes.iter().sum();
    volumes.iter_mut().for_each(|volume| *volume /= total);
    let rows: Vec<Vec<(u32, f32)>> = (0..ties.nodes() as u32)
        .into_par_iter()
        .map_init(
            || Sums::new(count),
            |sums, person| memberships(ties, community_of, &volumes, sums, person),
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

/// Memberships of one person; `shares` are those of the communities in the volume.
fn memberships(
    ties: Ties<'_>,
    community_of: &[u32],
    shares: &[f64],
    sums: &mut Sums,
    person: u32,
) -> Vec<(u32, f32)> {
    let own = community_of[person as usize];
    if own == NO_COMMUNITY {
        return Vec::new();
    }
    let (mut all, mut degree) = (0.0, 0.0);
    ties.each(person, |other, to, from| {
        let weight = f64::from(to + from);
        all += weight;
        degree += 1.0;
        if community_of[other as usize] != NO_COMMUNITY {
            sums.add(community_of[other as usize], weight);
        }
    });
    if all == 0.0 {
        return vec![(own, 1.0)];
    }
    let (unit, least) = (all / degree, (CHANCE * shares.len() as f64).ln());
    let mut found: Vec<(u32, f32)> = Vec::new();
    let own_weight = sums.get(own);
    sums.drain(|community, weight| {
        let expected = degree * shares[community as usize];
        if community != own && surprise(weight / unit, expected) > least {
            found.push((community, (weight / all) as f32));
        }
    });
    found.push((own, (own_weight / all) as f32));
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if let Some(place) = found.iter().position(|membership| membership.0 == own)
        && place >= MEMBERSHIPS_MAX
    {
        found.swap(MEMBERSHIPS_MAX - 1, place);
    }
    found.truncate(MEMBERSHIPS_MAX);
    found
}

/// −ln of the probability of so many ties where fewer are expected; 0 where they are not fewer.
fn surprise(ties: f64, expected: f64) -> f64 {
    if ties <= expected {
        return 0.0;
    }
    ties * (ties / expected).ln() - ties + expected + (TAU * ties).ln() / 2.0
}
