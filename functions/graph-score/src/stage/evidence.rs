//! What each served number is made of, in the stored form.

use graph::evidence::{Evidence, community_evidence, global_evidence};
use graph::{CommunityPeople, PeopleInput, RankSettings};

use super::standings::Numbering;

/// The part of a score that the named contributors make at least, unless they are too many.
const COVER: f64 = 0.8;

/// The most contributors named for one score.
const CONTRIBUTORS_MAX: usize = 500;

/// How many of the world's ranking have evidence.
const WORLD_RANKS: u32 = 100;

/// One stored row: a community of the level (or the world), a person's number, the body.
pub(super) type Row = (u32, u32, Vec<u8>);

/// The evidence for everybody who holds a rank in a community.
pub(super) fn of_communities(
    input: &PeopleInput<'_>,
    people: &[CommunityPeople],
    numbering: &Numbering,
) -> Vec<Row> {
    let rows = people.iter().flat_map(|community| {
        let found = community_evidence(&input.attention.arcs, community, COVER);
        let flow = community.flow;
        found.into_iter().map(move |evidence| {
            let body = encode(&evidence, numbering, 1.0, flow);
            (community.community, numbering.of(evidence.person), body)
        })
    });
    rows.collect()
}

/// The evidence for the head of the world's ranking.
pub(super) fn of_world(
    input: &PeopleInput<'_>,
    numbering: &Numbering,
    settings: &RankSettings,
) -> Vec<Row> {
    let (arcs, global) = (&input.attention.arcs, input.global);
    let transposed = arcs.transpose();
    let is_head = |rank: Option<std::num::NonZeroU32>| rank.is_some_and(|r| r.get() <= WORLD_RANKS);
    let head = (0..arcs.nodes() as u32).filter(|&who| is_head(global.ranks[who as usize]));
    let rows = head.map(|who| {
        let about = (who, COVER);
        let found = global_evidence((arcs, &transposed), (global, input.trust), settings, about);
        (0, numbering.of(who), encode(&found, numbering, settings.damping, 1.0))
    });
    rows.collect()
}

/// The stored form; what is not named, the restart included, goes into `rest`.
fn encode(found: &Evidence, numbering: &Numbering, damping: f64, flow: f64) -> Vec<u8> {
    let (named, unnamed) =
        found.contributors.split_at(found.contributors.len().min(CONTRIBUTORS_MAX));
    let unnamed: f64 = unnamed.iter().map(|one| one.part).sum();
    let contributors = named.iter().map(|one| model::evidence::Contributor {
        person: numbering.of(one.person),
        attention: (f64::from(one.standing) / flow) as f32,
        share: (f64::from(one.weight) / one.strength) as f32,
    });
    model::evidence::Evidence {
        damping: damping as f32,
        score: found.share as f32,
        restart: 0.0,
        rest: (found.rest + unnamed) as f32,
        contributors: contributors.collect(),
    }
    .encode()
}
