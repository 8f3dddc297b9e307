//! The stage that ranks people in every community of every level.

use graph::{CommunityPeople, CommunityScorer, PeopleInput, RankedCommunity};
use model::RunId;
use model::message::Stage;
use store::pg::evidence::PackedEvidence;
use tokio::task::block_in_place;

use super::memberships::PersonNumbering;
use super::{evidence, person_rows};
use snapshot::person_rows::INDEX as PERSON_ROWS;

use crate::artifacts::{RunArtifacts, WORLD_EVIDENCE, WORLD_SUPPORT, evidence_name, people_name};
use crate::budget::{BudgetCheck, TimeBudget};
use crate::world::{ScoredWorld, expected_seconds};
use crate::{ScoreDependencies, ScoreError};

/// One piece of the work: what is sealed together.
#[derive(Debug, Clone, Copy)]
enum PeoplePiece {
    Level(usize),
    World,
    Rows,
}

/// Ranks level by level, then finds the evidence of the world's ranking, and writes the rows that personal
/// views are made from. A piece that is sealed stays as
/// it is; if the time ends, the next invocation continues with the first missing piece.
pub(crate) async fn people(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    budget: TimeBudget,
) -> Result<BudgetCheck, ScoreError> {
    let artifacts = dependencies.artifacts(run);
    let hierarchy = artifacts.hierarchy().await?;
    let missing = missing(artifacts, hierarchy.levels.len()).await?;
    if missing.is_empty() {
        return Ok(BudgetCheck::Enough);
    }
    let needed = expected_seconds(dependencies, run, Stage::People).await?;
    if budget.check(needed, dependencies.clock.now())? == BudgetCheck::NextInvocation {
        return Ok(BudgetCheck::NextInvocation);
    }
    let world = ScoredWorld::open(dependencies, run).await?;
    let (trust, global) = (artifacts.trust().await?, artifacts.global().await?);
    let input = PeopleInput {
        attention: &world.attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: &world.snapshot.nodes.kinds,
    };
    let people = block_in_place(|| CommunityScorer::new(input, &world.settings.people));
    let numbering = PersonNumbering::new(&trust, &global);
    let scoring =
        PeopleScoring { artifacts, world: &world, people: &people, numbering: &numbering };
    let mut kept = None;
    for (done, &piece) in missing.iter().enumerate() {
        if done > 0
            && budget.check(needed, dependencies.clock.now())? == BudgetCheck::NextInvocation
        {
            return Ok(BudgetCheck::NextInvocation);
        }
        match piece {
            PeoplePiece::World => scoring.seal_world().await?,
            PeoplePiece::Rows => person_rows::seal(artifacts, &world, &global, &numbering).await?,
            PeoplePiece::Level(level) => {
                let above = scoring.above(level, kept.take()).await?;
                let explained = scoring.seal_level(level, above).await?;
                kept = Some(KeptLevel { level, explained });
            }
        }
    }
    Ok(BudgetCheck::Enough)
}

/// What a community's people are, and what their scores are made of.
#[derive(Debug)]
pub struct ExplainedCommunity {
    /// The people.
    pub table: CommunityPeople,
    /// The evidence.
    pub evidence: PackedEvidence,
}

/// Scores the people of one level. `above` is the level above it, or nothing.
pub fn explained(
    people: &CommunityScorer<'_>,
    level: usize,
    numbering: &PersonNumbering,
    above: Vec<ExplainedCommunity>,
) -> Vec<ExplainedCommunity> {
    let take = |ranked: RankedCommunity| {
        let evidence = evidence::of_community(&ranked, numbering);
        ExplainedCommunity { table: ranked.table, evidence }
    };
    let again = |same: ExplainedCommunity, community| ExplainedCommunity {
        table: same.table.renumbered(community),
        evidence: same.evidence,
    };
    people.level(level, above, take, again)
}

/// Opens a level that is sealed.
async fn open_explained(
    artifacts: RunArtifacts<'_>,
    level: usize,
) -> Result<Vec<ExplainedCommunity>, ScoreError> {
    let tables = artifacts.people(level).await?;
    let packed = artifacts.evidence(level).await?;
    let both = tables.into_iter().zip(packed);
    Ok(both.map(|(table, evidence)| ExplainedCommunity { table, evidence }).collect())
}

/// The communities of a level that was just scored.
struct KeptLevel {
    level: usize,
    explained: Vec<ExplainedCommunity>,
}

/// What pieces are made from.
struct PeopleScoring<'a> {
    artifacts: RunArtifacts<'a>,
    world: &'a ScoredWorld,
    people: &'a CommunityScorer<'a>,
    numbering: &'a PersonNumbering,
}

impl PeopleScoring<'_> {
    /// The level above one, as it was kept with its number or as it is sealed; nothing if none of its
    /// communities is the same.
    async fn above(
        &self,
        level: usize,
        kept: Option<KeptLevel>,
    ) -> Result<Vec<ExplainedCommunity>, ScoreError> {
        if self.people.input().hierarchy.same_above(level).iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        match kept {
            Some(kept) if kept.level + 1 == level => Ok(kept.explained),
            _ => open_explained(self.artifacts, level - 1).await,
        }
    }

    /// Seals one level, and hands it on for the next.
    async fn seal_level(
        &self,
        level: usize,
        above: Vec<ExplainedCommunity>,
    ) -> Result<Vec<ExplainedCommunity>, ScoreError> {
        let explained = block_in_place(|| explained(self.people, level, self.numbering, above));
        let tables: Vec<&CommunityPeople> = explained.iter().map(|one| &one.table).collect();
        self.artifacts.seal(&people_name(level), &tables).await?;
        let packed: Vec<&PackedEvidence> = explained.iter().map(|one| &one.evidence).collect();
        self.artifacts.seal(&evidence_name(level), &packed).await?;
        Ok(explained)
    }

    /// Seals what the world's ranking is made of.
    async fn seal_world(&self) -> Result<(), ScoreError> {
        let settings = &self.world.settings.rank;
        let (support, packed) = block_in_place(|| {
            let support = self.people.world_support(settings);
            (support, evidence::of_world(self.people.input(), self.numbering, settings))
        });
        self.artifacts.seal(WORLD_SUPPORT, &support).await?;
        self.artifacts.seal(WORLD_EVIDENCE, &packed).await
    }
}

/// The pieces that are not sealed, in order.
async fn missing(
    artifacts: RunArtifacts<'_>,
    levels: usize,
) -> Result<Vec<PeoplePiece>, ScoreError> {
    let sealed = artifacts.sealed().await?;
    // Of each piece the last value that is sealed.
    let is_missing = |piece: &PeoplePiece| match piece {
        PeoplePiece::Level(level) => !sealed.contains(&evidence_name(*level)),
        PeoplePiece::World => !sealed.contains(WORLD_EVIDENCE),
        PeoplePiece::Rows => !sealed.contains(PERSON_ROWS),
    };
    let pieces = (0..levels).map(PeoplePiece::Level);
    let pieces = pieces.chain([PeoplePiece::World, PeoplePiece::Rows]);
    Ok(pieces.filter(is_missing).collect())
}
