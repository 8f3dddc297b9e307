//! What each served number is made of, in the stored form.

use std::collections::{BTreeMap, BTreeSet};

use graph::evidence::{EvidenceCover, GlobalShares, ShareTerm, SourceTerm, global_evidence};
use graph::{PeopleInput, RankSettings, RankedCommunity};
use model::index::PersonIndex;
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};

use super::memberships::{PersonNumbering, WORLD_MAX, by_share};

/// The named contributors make at least so much of a score, unless that takes too many.
const COVER: EvidenceCover = EvidenceCover { part: 0.8, terms_max: 500 };

/// How many of the world's ranking have evidence.
const WORLD_RANKS: u32 = 1_000;

/// The evidence for everybody who holds a rank in a community, as they stand in its table.
pub fn of_community(ranked: &RankedCommunity, numbering: &PersonNumbering) -> PackedEvidence {
    let flow = ranked.table.flow;
    let source = |one: &graph::MemberSource| EvidenceSource {
        person: numbering.of(one.person),
        attention: (f64::from(one.mass) / flow) as f32,
        unit: unit(one.strength),
    };
    let sources: Vec<EvidenceSource> = ranked.sources().iter().map(source).collect();
    let (mut packer, mut edges) = (EvidencePacker::new(1.0, &sources), Vec::new());
    ranked.for_each_terms(COVER, |score, terms| match terms {
        None => packer.skip(),
        Some(terms) => {
            edges.clear();
            let edge =
                |term: &SourceTerm| EvidenceEdge { source: term.source, weight: term.weight };
            edges.extend(terms.named.iter().map(edge));
            packer.add(score.share, 0.0, &mut edges);
        }
    });
    packer.finish()
}

/// The evidence for the head of the world's ranking, as it stands there.
pub(super) fn of_world(
    input: &PeopleInput<'_>,
    numbering: &PersonNumbering,
    settings: &RankSettings,
) -> PackedEvidence {
    let (arcs, global) = (&input.attention.arcs, input.global);
    let order = by_share(global);
    let is_head =
        |person: &PersonIndex| global.ranks[*person].is_some_and(|rank| rank.get() <= WORLD_RANKS);
    let order = &order[..order.len().min(WORLD_MAX)];
    let head: BTreeSet<PersonIndex> = order.iter().copied().filter(is_head).collect();
    let shares = GlobalShares { arcs, global, trust: input.trust, damping: settings.damping };
    let found = global_evidence(&shares, &head, COVER);
    let named = found.iter().flat_map(|evidence| &evidence.contributors);
    let (sources, place_of) = sources_of(named, numbering);
    let found: BTreeMap<PersonIndex, _> = found.iter().map(|one| (one.person, one)).collect();
    let mut packer = EvidencePacker::new(settings.damping as f32, &sources);
    for person in order {
        let Some(evidence) = found.get(person) else {
            packer.skip();
            continue;
        };
        let edge =
            |one: &ShareTerm| EvidenceEdge { source: place_of[&one.person], weight: one.weight };
        let mut edges: Vec<EvidenceEdge> = evidence.contributors.iter().map(edge).collect();
        packer.add(global.shares[*person], evidence.restart as f32, &mut edges);
    }
    packer.finish()
}

/// Those who are named, by number, and the place of each among them.
fn sources_of<'a>(
    named: impl Iterator<Item = &'a ShareTerm>,
    numbering: &PersonNumbering,
) -> (Vec<EvidenceSource>, BTreeMap<PersonIndex, u32>) {
    let named: BTreeMap<PersonIndex, &ShareTerm> = named.map(|one| (one.person, one)).collect();
    let source = |(&person, one): (&PersonIndex, &&ShareTerm)| EvidenceSource {
        person: numbering.of(person),
        attention: one.mass,
        unit: unit(one.strength),
    };
    let sources = named.iter().map(source).collect();
    (sources, named.keys().copied().zip(0..).collect())
}

/// The share of a person's attention that goes along an arc of weight 1.
fn unit(strength: f64) -> f32 {
    if strength > 0.0 { (1.0 / strength) as f32 } else { 0.0 }
}
