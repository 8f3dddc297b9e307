//! The stage that ranks people in every community of every level.

use graph::{CommunityPeople, GlobalRank, People, PeopleInput, Ranked, Trust};
use model::RunId;
use model::evidence::Packed;
use model::message::Stage;
use model::port::{Clock, Objects};

use super::standings::Numbering;
use super::{World, evidence, open_hierarchy, people_name, seal_as, seconds};
use crate::budget::{Budget, Time};
use crate::seal::{key, names, open};
use crate::{Doors, ScoreError};

/// One piece of the work: what is sealed together.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Level(usize),
    World,
}

/// Ranks level by level, then takes the world's ranking apart. A piece that is sealed stays as it
/// is; where the time ends, the next invocation goes on with the first that is not.
pub(crate) async fn people<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    run: RunId,
    budget: Budget,
) -> Result<Time, ScoreError> {
    let hierarchy = open_hierarchy(doors.objects, run).await?;
    let missing = missing(doors.objects, run, hierarchy.levels.len()).await?;
    let needed = seconds(doors, run, Stage::People).await?;
    if missing.is_empty() || budget.check(needed, doors.clock.now())? == Time::NextInvocation {
        return Ok(if missing.is_empty() { Time::Enough } else { Time::NextInvocation });
    }
    let world = World::open(doors, run).await?;
    let trust: Trust = open(doors.objects, &key(run, "trust")).await?;
    let global: GlobalRank = open(doors.objects, &key(run, "global")).await?;
    let input = PeopleInput {
        attention: &world.attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: &world.snapshot.nodes.kinds,
    };
    let people = tokio::task::block_in_place(|| People::new(input));
    let numbering = Numbering::new(&trust, &global);
    for (done, &piece) in missing.iter().enumerate() {
        if done > 0 && budget.check(needed, doors.clock.now())? == Time::NextInvocation {
            return Ok(Time::NextInvocation);
        }
        do_piece(doors, run, piece, (&world, &people, &numbering)).await?;
    }
    Ok(Time::Enough)
}

/// The pieces that are not sealed, in order.
async fn missing(
    objects: &impl Objects,
    run: RunId,
    levels: usize,
) -> Result<Vec<Piece>, ScoreError> {
    let sealed = names(objects, run).await?;
    // Of each piece the last value that is sealed.
    let is_missing = |piece: &Piece| match piece {
        Piece::Level(level) => !sealed.contains(&evidence_name(*level)),
        Piece::World => !sealed.contains(WORLD_EVIDENCE),
    };
    let pieces = (0..levels).map(Piece::Level).chain([Piece::World]);
    Ok(pieces.filter(is_missing).collect())
}

async fn do_piece<O: Objects, C>(
    doors: Doors<'_, O, C>,
    run: RunId,
    piece: Piece,
    (world, people, numbering): (&World, &People<'_>, &Numbering),
) -> Result<(), ScoreError> {
    let (objects, settings) = (doors.objects, &world.settings);
    let Piece::Level(level) = piece else {
        let (support, packed) = tokio::task::block_in_place(|| {
            let support = people.world_support(&settings.rank);
            (support, evidence::of_world(people.input(), numbering, &settings.rank))
        });
        seal_as(objects, run, WORLD_SUPPORT, &support).await?;
        return seal_as(objects, run, WORLD_EVIDENCE, &packed).await;
    };
    let take = |ranked: Ranked| {
        let packed = evidence::of_community(&ranked, numbering);
        (ranked.table, packed)
    };
    let (ranked, packed): (Vec<CommunityPeople>, Vec<Packed>) = tokio::task::block_in_place(|| {
        people.level(level, &settings.people, take).into_iter().unzip()
    });
    seal_as(objects, run, &people_name(level), &ranked).await?;
    seal_as(objects, run, &evidence_name(level), &packed).await
}

/// The name under which the evidence of a level is sealed.
pub(super) fn evidence_name(level: usize) -> String {
    format!("evidence-{level}")
}

/// The name under which what each global share rests on is sealed.
pub(super) const WORLD_SUPPORT: &str = "support-world";

/// The name under which the evidence of the whole world is sealed.
pub(super) const WORLD_EVIDENCE: &str = "evidence-world";
