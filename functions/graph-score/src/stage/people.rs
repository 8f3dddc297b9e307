//! The stage that ranks people in every community of every level.

use graph::{
    CommunityPeople, CommunityScorer, GlobalRank, PeopleInput, PeopleSettings, RankedCommunity,
    Trust,
};
use model::RunId;
use model::message::Stage;
use model::port::{Clock, Objects};
use store::pg::evidence::PackedEvidence;
use tokio::task::block_in_place;

use super::memberships::Numbering;
use super::{World, evidence, open_hierarchy, open_people, people_name, seal_as, seconds};
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
    if missing.is_empty() {
        return Ok(Time::Enough);
    }
    let needed = seconds(doors, run, Stage::People).await?;
    if budget.check(needed, doors.clock.now())? == Time::NextInvocation {
        return Ok(Time::NextInvocation);
    }
    let world = World::open(doors, run).await?;
    let trust: Trust = open(doors.objects, &key(run, "trust")).await?;
    let global: GlobalRank = open(doors.objects, &key(run, "global")).await?;
    let input = PeopleInput {
        attention: &world.attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: world.snapshot.nodes.kinds.as_slice().as_ref(),
    };
    let people = block_in_place(|| CommunityScorer::new(input));
    let numbering = Numbering::new(&trust, &global);
    let scoring = Scoring { world: &world, people: &people, numbering: &numbering };
    let mut kept = None;
    for (done, &piece) in missing.iter().enumerate() {
        if done > 0 && budget.check(needed, doors.clock.now())? == Time::NextInvocation {
            return Ok(Time::NextInvocation);
        }
        match piece {
            Piece::World => scoring.seal_world(doors.objects, run).await?,
            Piece::Level(level) => {
                let above = scoring.above(doors.objects, run, level, kept.take()).await?;
                let explained = scoring.seal_level(doors.objects, run, level, above).await?;
                kept = Some((level, explained));
            }
        }
    }
    Ok(Time::Enough)
}

/// What a community's people are, and what their scores are made of.
#[derive(Debug)]
pub struct Explained {
    /// The people.
    pub table: CommunityPeople,
    /// The evidence.
    pub evidence: PackedEvidence,
}

/// Scores the people of one level. `above` is the level above it, or nothing.
pub fn explained(
    people: &CommunityScorer<'_>,
    level: usize,
    settings: &PeopleSettings,
    numbering: &Numbering,
    above: Vec<Explained>,
) -> Vec<Explained> {
    let take = |ranked: RankedCommunity| {
        let evidence = evidence::of_community(&ranked, numbering);
        Explained { table: ranked.table, evidence }
    };
    let again = |same: Explained, community| Explained {
        table: same.table.renumbered(community),
        evidence: same.evidence,
    };
    people.level(level, settings, above, take, again)
}

/// Opens a level that is sealed.
async fn open_explained(
    objects: &impl Objects,
    run: RunId,
    level: usize,
) -> Result<Vec<Explained>, ScoreError> {
    let tables = open_people(objects, run, level).await?;
    let packed: Vec<PackedEvidence> = open(objects, &key(run, &evidence_name(level))).await?;
    let both = tables.into_iter().zip(packed);
    Ok(both.map(|(table, evidence)| Explained { table, evidence }).collect())
}

/// What pieces are made from.
struct Scoring<'a> {
    world: &'a World,
    people: &'a CommunityScorer<'a>,
    numbering: &'a Numbering,
}

impl Scoring<'_> {
    /// The level above one, as it was kept with its number or as it is sealed; nothing if none of its
    /// communities is the same.
    async fn above(
        &self,
        objects: &impl Objects,
        run: RunId,
        level: usize,
        kept: Option<(usize, Vec<Explained>)>,
    ) -> Result<Vec<Explained>, ScoreError> {
        if self.people.input().hierarchy.same_above(level).iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        match kept {
            Some((above, explained)) if above + 1 == level => Ok(explained),
            _ => open_explained(objects, run, level - 1).await,
        }
    }

    /// Seals one level, and hands it on for the next.
    async fn seal_level(
        &self,
        objects: &impl Objects,
        run: RunId,
        level: usize,
        above: Vec<Explained>,
    ) -> Result<Vec<Explained>, ScoreError> {
        let settings = &self.world.settings.people;
        let explained =
            block_in_place(|| explained(self.people, level, settings, self.numbering, above));
        let tables: Vec<&CommunityPeople> = explained.iter().map(|one| &one.table).collect();
        seal_as(objects, run, &people_name(level), &tables).await?;
        let packed: Vec<&PackedEvidence> = explained.iter().map(|one| &one.evidence).collect();
        seal_as(objects, run, &evidence_name(level), &packed).await?;
        Ok(explained)
    }

    /// Takes the world's ranking apart.
    async fn seal_world(&self, objects: &impl Objects, run: RunId) -> Result<(), ScoreError> {
        let settings = &self.world.settings.rank;
        let (support, packed) = block_in_place(|| {
            let support = self.people.world_support(settings);
            (support, evidence::of_world(self.people.input(), self.numbering, settings))
        });
        seal_as(objects, run, WORLD_SUPPORT, &support).await?;
        seal_as(objects, run, WORLD_EVIDENCE, &packed).await
    }
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

/// The name under which the evidence of a level is sealed.
pub(super) fn evidence_name(level: usize) -> String {
    format!("evidence-{level}")
}

/// The name under which what each global share rests on is sealed.
pub(super) const WORLD_SUPPORT: &str = "support-world";

/// The name under which the evidence of the whole world is sealed.
pub(super) const WORLD_EVIDENCE: &str = "evidence-world";
