//! What each served number is made of, in the stored form.

use std::collections::BTreeSet;

use graph::evidence::{Cover, Evidence, global_evidence};
use graph::{PeopleInput, RankSettings, Ranked};
use model::evidence::Contributor;

use super::standings::Numbering;

/// The named contributors make at least so much of a score, unless that takes too many.
const COVER: Cover = Cover { part: 0.8, terms_max: 500 };

/// How many of the world's ranking have evidence.
const WORLD_RANKS: u32 = 1_000;

/// One stored row: a community of the level (or the world), a person's number, the body.
pub(super) type Row = (u32, u32, Vec<u8>);

/// The evidence for everybody who holds a rank in a community.
pub(super) fn of_community(ranked: &Ranked, numbering: &Numbering) -> Vec<Row> {
    let table = &ranked.table;
    let people = table.people.iter().filter(|one| one.rank.is_some());
    let row = |(found, one): (Evidence, &graph::PersonScore)| {
        let served = Served { share: one.share, support: one.support };
        let body = encode(&found, numbering, (1.0, table.flow), served);
        (table.community, numbering.of(found.person), body)
    };
    ranked.evidence(COVER).zip(people).map(row).collect()
}

/// The evidence for the head of the world's ranking.
pub(super) fn of_world(
    input: &PeopleInput<'_>,
    support: &[f32],
    numbering: &Numbering,
    settings: &RankSettings,
) -> Vec<Row> {
    let (arcs, global) = (&input.attention.arcs, input.global);
    let is_head = |rank: Option<std::num::NonZeroU32>| rank.is_some_and(|r| r.get() <= WORLD_RANKS);
    let head = (0..arcs.nodes() as u32).filter(|&who| is_head(global.ranks[who as usize]));
    let head: BTreeSet<u32> = head.collect();
    let found = global_evidence(arcs, (global, input.trust), settings, (&head, COVER));
    let rows = found.into_iter().map(|found| {
        let who = found.person as usize;
        let served = Served { share: global.shares[who], support: support[who] };
        let body = encode(&found, numbering, (settings.damping, 1.0), served);
        (0, numbering.of(found.person), body)
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
    let contributors: Vec<Contributor> = found
        .contributors
        .iter()
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
