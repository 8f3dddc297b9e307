//! What each served number is made of, in the stored form.

use graph::evidence::{Evidence, community_evidence, global_evidence, idle_share};
use graph::{CommunityPeople, PeopleInput, RankSettings};
use model::evidence::Contributor;

use super::standings::Numbering;

/// The part of a score that the named contributors make at least, unless that takes too many.
const COVER: f64 = 0.8;

/// The most contributors named for one score.
const CONTRIBUTORS_MAX: usize = 500;

/// How many of the world's ranking have evidence.
const WORLD_RANKS: u32 = 1_000;

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
        let ranked = community.people.iter().filter(|one| one.rank.is_some());
        found.into_iter().zip(ranked).map(|(evidence, one)| {
            let served = Served { share: one.share, support: one.support };
            let body = encode(&evidence, numbering, (1.0, community.flow), served);
            (community.community, numbering.of(evidence.person), body)
        })
    });
    rows.collect()
}

/// The evidence for the head of the world's ranking.
pub(super) fn of_world(
    input: &PeopleInput<'_>,
    support: &[f32],
    numbering: &Numbering,
    settings: &RankSettings,
) -> Vec<Row> {
    let (arcs, global) = (&input.attention.arcs, input.global);
    let idle = idle_share(arcs, global);
    let transposed = arcs.transpose();
    let is_head = |rank: Option<std::num::NonZeroU32>| rank.is_some_and(|r| r.get() <= WORLD_RANKS);
    let head = (0..arcs.nodes() as u32).filter(|&who| is_head(global.ranks[who as usize]));
    let rows = head.map(|who| {
        let about = (who, COVER);
        let found =
            global_evidence((arcs, &transposed), (global, input.trust), (settings, idle), about);
        let served = Served { share: global.shares[who as usize], support: support[who as usize] };
        (0, numbering.of(who), encode(&found, numbering, (settings.damping, 1.0), served))
    });
    rows.collect()
}

/// A score as it is served.
#[derive(Clone, Copy)]
struct Served {
    share: f32,
    support: f32,
}

/// The stored form. What is not named goes into `rest`, and so does what rounding and the walk's
/// tolerance leave, so that whoever adds up the stored numbers gets the served share.
fn encode(
    found: &Evidence,
    numbering: &Numbering,
    (damping, flow): (f64, f64),
    served: Served,
) -> Vec<u8> {
    let named = found.contributors.iter().take(CONTRIBUTORS_MAX);
    let contributors: Vec<Contributor> = named
        .map(|one| Contributor {
            person: numbering.of(one.person),
            attention: (f64::from(one.standing) / flow) as f32,
            share: (f64::from(one.weight) / one.strength) as f32,
        })
        .collect();
    let (damping, restart) = (damping as f32, found.restart as f32);
    let brought = |one: &Contributor| f64::from(one.attention) * f64::from(one.share);
    let brought = f64::from(damping) * contributors.iter().map(brought).sum::<f64>();
    model::evidence::Evidence {
        damping,
        score: served.share,
        restart,
        rest: (f64::from(served.share) - f64::from(restart) - brought) as f32,
        support: served.support,
        contributors,
    }
    .encode()
}
