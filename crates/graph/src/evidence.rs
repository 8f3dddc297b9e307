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
    /// Their sum, the restart's part of a global share included.
    pub rest: f64,
}

/// Evidence for the attention of people in one community: terms that make at least `cover` (0 to 1)
/// of each share, for everybody who has a rank in `table`, by its order.
pub fn community_evidence(arcs: &Csr, table: &CommunityPeople, cover: f64) -> Vec<Evidence> {
    let ranked: BTreeSet<u32> = table
        .people
        .iter()
        .filter(|score| score.rank.is_some())
        .map(|score| score.person)
        .collect();
    let mut terms: BTreeMap<u32, Vec<Contributor>> = BTreeMap::new();
    for member in table.people.iter().filter(|score| score.standing > 0.0) {
        let strength = arcs.strength(member.person);
        for (to, weight) in arcs.arcs_of(member.person).filter(|arc| ranked.contains(&arc.0)) {
            let (person, standing) = (member.person, member.standing);
            let part = f64::from(standing) * f64::from(weight) / strength / table.flow;
            let term = Contributor { person, standing, weight, strength, part };
            terms.entry(to).or_default().push(term);
        }
    }
    let people = table.people.iter().filter(|score| score.rank.is_some());
    people
        .map(|score| {
            let terms = terms.remove(&score.person).unwrap_or_default();
            covering(score.person, terms, 0.0, cover)
        })
        .collect()
}

/// Evidence for one person's global share; `transposed` holds the arcs by target. The terms come
/// from the final shares, so they add up to the share within the walk's tolerance.
pub fn global_evidence(
    (arcs, transposed): (&Csr, &Csr),
    (global, trust): (&GlobalRank, &Trust),
    settings: &RankSettings,
    (person, cover): (u32, f64),
) -> Evidence {
    let term = |(from, weight): (u32, f32)| {
        let (standing, strength) = (global.shares[from as usize], arcs.strength(from));
        let part = settings.damping * f64::from(standing) * f64::from(weight) / strength;
        Contributor { person: from, standing, weight, strength, part }
    };
    let terms: Vec<Contributor> = transposed.arcs_of(person).map(term).collect();
    let idle = (0..arcs.nodes() as u32).filter(|&who| arcs.degree(who) == 0);
    let idle: f64 = idle.map(|who| f64::from(global.shares[who as usize])).sum();
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
    let rest = terms[needed..].iter().map(|term| term.part).sum::<f64>() + restart;
    let others = (terms.len() - needed) as u32;
    terms.truncate(needed);
    Evidence { person, share, contributors: terms, others, rest }
}

/// What one contributor changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The contributor.
    pub person: u32,
    /// Its part before, 0 if it gave nothing.
    pub before: f64,
    /// Its part now, 0 if it gives nothing.
    pub after: f64,
}

/// The contributors whose gains and losses explain the change of a share, largest first, at most
/// `count`. Give evidence with `cover` 1: a contributor that is not listed counts as 0.
pub fn change_reasons(before: &Evidence, after: &Evidence, count: usize) -> Vec<Reason> {
    let mut parts: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for term in &before.contributors {
        parts.entry(term.person).or_default().0 = term.part;
    }
    for term in &after.contributors {
        parts.entry(term.person).or_default().1 = term.part;
    }
    let reason = |(person, (before, after))| Reason { person, before, after };
    let changed = parts.into_iter().map(reason).filter(|reason| reason.before != reason.after);
    let mut reasons: Vec<Reason> = changed.collect();
    let size = |reason: &Reason| (reason.after - reason.before).abs();
    reasons.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.person.cmp(&b.person)));
    reasons.truncate(count);
    reasons
}
