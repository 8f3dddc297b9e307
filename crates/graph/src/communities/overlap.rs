//! Overlapping membership: the communities that a person's attention, given and received, goes to.
//!
//! A person's own community always counts; another one if the person is tied to it more than chance
//! explains. By chance its `k` ties fall on communities by volume, so that `λ = k·vol_c/vol` are
//! expected in c; there are `x`. With all C communities tested, fewer than one person in four is to
//! be in one by chance: `P(X ≥ x) · C < 1/4`, X Poisson of λ. For x above λ,
//! `−ln P ≈ x·ln(x/λ) − x + λ + ln(2πx)/2`, its largest term by Stirling. The eight largest are kept.
//! Time O(edges), memory O(8·people).

use std::f64::consts::TAU;

use model::index::CommunityIndex;
use rayon::prelude::*;

use super::hierarchy::{Level, NO_COMMUNITY, Overlap, OverlapShare};
use super::sums::KeyedSums;
use crate::csr::TwoWayArcs;

/// One person in this number may be in a community by chance.
const CHANCE: f64 = 4.0;

/// Memberships kept for each person.
const MEMBERSHIPS_MAX: usize = 8;

/// A partition as memberships are tested against it.
struct TiedCommunities<'a> {
    arcs: TwoWayArcs<'a>,
    /// The number of each person's community.
    community_of: Vec<u32>,
    /// Each community's share of the volume.
    volumes: Vec<f64>,
}

/// Memberships of all people in the communities of a level.
pub(super) fn overlap(arcs: TwoWayArcs<'_>, level: &Level) -> Overlap {
    let tied = TiedCommunities::new(arcs, level);
    let rows: Vec<Vec<OverlapShare>> = (0..arcs.nodes() as u32)
        .into_par_iter()
        .map_init(
            || KeyedSums::new(tied.volumes.len()),
            |sums, person| tied.memberships(sums, person),
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
        communities: flat().map(|membership| membership.community).collect(),
        shares: flat().map(|membership| membership.share).collect(),
    }
}

impl<'a> TiedCommunities<'a> {
    fn new(arcs: TwoWayArcs<'a>, level: &Level) -> TiedCommunities<'a> {
        let community_of: Vec<u32> = level.numbers();
        let mut volumes = vec![0.0; level.communities as usize];
        for (person, &community) in community_of.iter().enumerate() {
            if community != NO_COMMUNITY {
                volumes[community as usize] += arcs.strength(person as u32);
            }
        }
        // A person with a tie has a community, so these add up to all of the volume.
        let total: f64 = volumes.iter().sum();
        volumes.iter_mut().for_each(|volume| *volume /= total);
        TiedCommunities { arcs, community_of, volumes }
    }

    /// Memberships of one person.
    fn memberships(&self, sums: &mut KeyedSums, person: u32) -> Vec<OverlapShare> {
        let own = self.community_of[person as usize];
        if own == NO_COMMUNITY {
            return Vec::new();
        }
        let (mut all, mut degree) = (0.0, 0.0);
        self.arcs.for_each(person, |other, to, from| {
            let weight = f64::from(to + from);
            all += weight;
            degree += 1.0;
            if self.community_of[other as usize] != NO_COMMUNITY {
                sums.add(self.community_of[other as usize], weight);
            }
        });
        if all == 0.0 {
            return vec![OverlapShare { community: CommunityIndex::new(own), share: 1.0 }];
        }
        let (unit, least) = (all / degree, (CHANCE * self.volumes.len() as f64).ln());
        let mut found: Vec<OverlapShare> = Vec::new();
        let own_weight = sums.get(own);
        sums.drain(|community, weight| {
            let expected = degree * self.volumes[community as usize];
            if community != own && surprise(weight / unit, expected) > least {
                let community = CommunityIndex::new(community);
                found.push(OverlapShare { community, share: (weight / all) as f32 });
            }
        });
        let own = CommunityIndex::new(own);
        found.push(OverlapShare { community: own, share: (own_weight / all) as f32 });
        keep_largest(&mut found, own);
        found
    }
}

/// Keeps the largest memberships, among them the own community.
fn keep_largest(memberships: &mut Vec<OverlapShare>, own: CommunityIndex) {
    memberships.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.community.cmp(&b.community)));
    if let Some(at) = memberships.iter().position(|membership| membership.community == own)
        && at >= MEMBERSHIPS_MAX
    {
        memberships.swap(MEMBERSHIPS_MAX - 1, at);
    }
    memberships.truncate(MEMBERSHIPS_MAX);
}

/// −ln of the probability of this number of ties where fewer are expected; 0 where they are not fewer.
fn surprise(ties: f64, expected: f64) -> f64 {
    if ties <= expected {
        return 0.0;
    }
    ties * (ties / expected).ln() - ties + expected + (TAU * ties).ln() / 2.0
}
