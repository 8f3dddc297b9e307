//! Who a score is made of, and why it changed.
//!
//! Attention in a community is `share_v = Σ_u standing_u · w_uv / W_u / flow`; an [`Evidence`] lists
//! the largest terms with all their factors, and the sum of the others, so that anybody can
//! recompute the share. Time O(arcs that start in the community · log) for all people at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::csr::Csr;
use crate::people::CommunityPeople;
use crate::rank::{GlobalRank, RankSettings};
use crate::trust::Trust;

/// One term of a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contributor {
    /// Who attends.
    pub person: u32,
    /// The mass with which it attends: `standing` in the community, or its global share.
    pub standing: f32,
    /// w_uv.
    pub weight: f32,
    /// W_u, all its attention.
    pub strength: f64,
    /// The term: its part of the share.
    pub part: f64,
}

/// The terms of one person's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Whose share.
    pub person: u32,
    /// The share, as the sum of all terms.
    pub share: f64,
    /// The largest terms, falling, as many as are needed to cover what was asked for.
    pub contributors: Vec<Contributor>,
    /// Number of terms that are not listed.
    pub others: u32,
    /// Their sum.
    pub rest: f64,
    /// The restart's part of a global share; 0 in a community.
    pub restart: f64,
}

/// Every term of the shares that some people have in one community, unsorted. Time O(arcs that start
/// in the community).
pub fn community_terms(
    arcs: &Csr,
    table: &CommunityPeople,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    let members = table.people.iter().filter(|score| score.standing > 0.0);
    let standings = members.map(|member| (member.person, member.standing));
    terms_of(arcs, standings, 1.0 / table.flow, people)
}

/// Every term of some people's global shares but the restart's, unsorted. Time O(arcs).
pub fn global_terms(
    arcs: &Csr,
    global: &GlobalRank,
    damping: f64,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    terms_of(arcs, (0..).zip(global.shares.iter().copied()), damping, people)
}

fn terms_of(
    arcs: &Csr,
    standings: impl Iterator<Item = (u32, f32)>,
    factor: f64,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    let mut terms: BTreeMap<u32, Vec<Contributor>> = BTreeMap::new();
    for (person, standing) in standings {
        let strength = arcs.strength(person);
        for (to, weight) in arcs.arcs_of(person).filter(|arc| people.contains(&arc.0)) {
            let part = f64::from(standing) * f64::from(weight) / strength * factor;
            let term = Contributor { person, standing, weight, strength, part };
            terms.entry(to).or_default().push(term);
        }
    }
    terms
}

/// Evidence for the attention of people in one community: terms that make at least `cover` (0 to 1)
/// of each share, for everybody who has a rank in `table`, by its order.
pub fn community_evidence(arcs: &Csr, table: &CommunityPeople, cover: f64) -> Vec<Evidence> {
    let ranked = table.people.iter().filter(|score| score.rank.is_some());
    let ranked: BTreeSet<u32> = ranked.map(|score| score.person).collect();
    let mut terms = community_terms(arcs, table, &ranked);
    let people = table.people.iter().filter(|score| score.rank.is_some());
    people
        .map(|score| {
            let terms = terms.remove(&score.person).unwrap_or_default();
            covering(score.person, terms, 0.0, cover)
        })
        .collect()
}

/// The global share of those who attend to nobody, which goes to the prior.
pub fn idle_share(arcs: &Csr, global: &GlobalRank) -> f64 {
    let idle = (0..arcs.nodes() as u32).filter(|&who| arcs.degree(who) == 0);
    idle.map(|who| f64::from(global.shares[who as usize])).sum()
}

/// Evidence for one person's global share; `transposed` holds the arcs by target, `idle` is
/// [`idle_share`]. The terms come from the final shares, so they add up to the share within the
/// walk's tolerance.
pub fn global_evidence(
    (arcs, transposed): (&Csr, &Csr),
    (global, trust): (&GlobalRank, &Trust),
    (settings, idle): (&RankSettings, f64),
    (person, cover): (u32, f64),
) -> Evidence {
    let term = |(from, weight): (u32, f32)| {
        let (standing, strength) = (global.shares[from as usize], arcs.strength(from));
        let part = settings.damping * f64::from(standing) * f64::from(weight) / strength;
        Contributor { person: from, standing, weight, strength, part }
    };
    let terms: Vec<Contributor> = transposed.arcs_of(person).map(term).collect();
    let restart = (1.0 - settings.damping + settings.damping * idle)
        * f64::from(trust.prior[person as usize]);
    covering(person, terms, restart, cover)
}

fn covering(person: u32, mut terms: Vec<Contributor>, restart: f64, cover: f64) -> Evidence {
    terms.sort_by(|a, b| b.part.total_cmp(&a.part).then(a.person.cmp(&b.person)));
    let share = terms.iter().map(|term| term.part).sum::<f64>() + restart;
    let mut covered = 0.0;
    let needed = terms.iter().take_while(|term| {
        let more = covered < cover * share;
        covered += term.part;
        more
    });
    let needed = needed.count();
    let rest = terms[needed..].iter().map(|term| term.part).sum::<f64>();
    let others = (terms.len() - needed) as u32;
    terms.truncate(needed);
    Evidence { person, share, contributors: terms, others, rest, restart }
}

/// What one contributor changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason<Id> {
    /// The contributor.
    pub person: Id,
    /// Its part before, 0 if it gave nothing.
    pub before: f64,
    /// Its part now, 0 if it gives nothing.
    pub after: f64,
}

/// The contributors whose gains and losses explain the change of a share from the parts `before` to
/// the parts `after`, largest first, at most `count`. A contributor that is not listed gave nothing.
pub fn change_reasons<Id: Ord + Copy>(
    before: &[(Id, f64)],
    after: &[(Id, f64)],
    count: usize,
) -> Vec<Reason<Id>> {
    let mut parts: BTreeMap<Id, (f64, f64)> = BTreeMap::new();
    for &(person, part) in before {
        parts.entry(person).or_default().0 = part;
    }
    for &(person, part) in after {
        parts.entry(person).or_default().1 = part;
    }
    let reason = |(person, (before, after))| Reason { person, before, after };
    let changed = parts.into_iter().map(reason).filter(|reason| reason.before != reason.after);
    let mut reasons: Vec<Reason<Id>> = changed.collect();
    let size = |reason: &Reason<Id>| (reason.after - reason.before).abs();
    reasons.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.person.cmp(&b.person)));
    reasons.truncate(count);
    reasons
}
