//! The stage that loads a run's results for serving, and makes it the run that is served.

use model::change::RunChanges;
use model::index::CommunityIndex;
use model::message::Stage;
use model::{Community, RunId};
use search::Folding;
use search::index::IndexBuilder;
use store::pg::community::WORLD;
use store::pg::frontier::{self, ProfileTrust};
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::retention::RetentionPolicy;
use store::pg::run;
use store::pg::term::Term;
use tokio::task::block_in_place;

use super::changes::changes;
use super::history;
use super::labels::labels;
use super::layout::{layout, load_map};
use super::memberships::{person_scores, world_memberships};
use super::moves::{lineage_changes, moves};
use super::results::RunResults;
use super::same_groups::LevelPlace;
use super::tables::{MEMBERS, tables};
use super::words;
use crate::artifacts::{CHANGES, LABELS, MAP, MOVES, TOPICS};
use crate::budget::{BudgetCheck, TimeBudget};
use crate::world::{expected_layout_seconds, expected_seconds};
use crate::{ScoreDependencies, ScoreError};

/// Rows handed to the loader at a time.
const CHUNK: usize = 10_000;

/// Words of one label that it is found by.
const LABEL_WORDS_MAX: usize = 32;

/// One piece of the work.
#[derive(Debug, Clone, Copy)]
enum PublishPiece {
    Labels,
    Layout,
    Changes,
    Moves,
    Steps,
    Tables,
    Load,
}

/// Labels communities, lays out the map, finds what changed, also for the history, seals the tables, then loads
/// everything and serves it. What is sealed is not made again; if the time ends, the next invocation continues
/// with the first missing piece.
pub(crate) async fn publish(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    budget: TimeBudget,
) -> Result<BudgetCheck, ScoreError> {
    let needed = expected_seconds(dependencies, run, Stage::Publish).await?;
    for piece in missing(dependencies, run).await? {
        let needed = match piece {
            PublishPiece::Layout => expected_layout_seconds(dependencies, run).await?,
            _ => needed,
        };
        if budget.check(needed, dependencies.clock.now())? == BudgetCheck::NextInvocation {
            return Ok(BudgetCheck::NextInvocation);
        }
        match piece {
            PublishPiece::Labels => labels(dependencies, run).await?,
            PublishPiece::Layout => layout(dependencies, run).await?,
            PublishPiece::Changes => changes(dependencies, run).await?,
            PublishPiece::Steps => history::seal(dependencies, run).await?,
            PublishPiece::Moves => moves(dependencies, run).await?,
            PublishPiece::Tables => {
                tables(dependencies, &RunResults::open(dependencies, run).await?).await?;
            }
            PublishPiece::Load => load(dependencies, run).await?,
        }
    }
    // The run is served; the next one deletes what remains.
    let runs_kept = RetentionPolicy::default().runs_kept;
    if let Err(error) = run::retire_old(dependencies.pg, runs_kept, usize::MAX).await {
        tracing::warn!(%run, %error, "results of older runs are still in the database");
    }
    Ok(BudgetCheck::Enough)
}

/// The pieces to do, in order.
async fn missing(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<Vec<PublishPiece>, ScoreError> {
    let sealed = dependencies.artifacts(run).sealed().await?;
    let has_steps = history::is_sealed(dependencies, run, &sealed).await?;
    use PublishPiece::{Changes, Labels, Layout, Load, Moves, Steps, Tables};
    let is_missing = |piece: &PublishPiece| match piece {
        Labels => !(sealed.contains(LABELS) && sealed.contains(TOPICS)),
        Layout => !sealed.contains(MAP),
        Changes => !sealed.contains(CHANGES),
        Moves => !sealed.contains(MOVES),
        Steps => !has_steps,
        Tables => !sealed.contains(MEMBERS),
        Load => true,
    };
    let pieces = [Labels, Layout, Changes, Moves, Steps, Tables, Load];
    Ok(pieces.into_iter().filter(is_missing).collect())
}

/// Loads everything into tables that are not read yet, then makes them the served ones. Tables that an
/// earlier worker has attached are whole and may be read: they stay. The change log gets what the run changed, and
/// the history its steps, in the same transaction, so publishing a run again changes nothing.
async fn load(dependencies: ScoreDependencies<'_>, run: RunId) -> Result<(), ScoreError> {
    let results = RunResults::open(dependencies, run).await?;
    if !run::is_loaded(dependencies.pg, run).await? {
        load_all(dependencies, &results).await?;
    }
    history::load(dependencies, &results).await?;
    set_frontier_trust(dependencies, &results).await?;
    let artifacts = dependencies.artifacts(run);
    let changes = RunChanges {
        ranks: artifacts.changes().await?,
        memberships: artifacts.moves().await?,
        lineage: lineage_changes(run, &results),
    };
    Ok(run::publish(dependencies.pg, run, &changes, dependencies.clock.now()).await?)
}

async fn load_all(
    dependencies: ScoreDependencies<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    let mut loader = RunLoader::begin(dependencies.pg, results.run).await?;
    load_people(&mut loader, results).await?;
    load_communities(dependencies, &mut loader, results).await?;
    load_evidence(dependencies, &mut loader, results).await?;
    load_terms(dependencies, &mut loader, results).await?;
    load_map(&mut loader, results, &dependencies.artifacts(results.run).map().await?).await?;
    Ok(loader.finish(Folding::NEWEST.number()).await?)
}

async fn load_people(loader: &mut RunLoader<'_>, results: &RunResults) -> Result<(), ScoreError> {
    let RunResults { nodes, trust, global, support, numbering, .. } = results;
    let scores: Vec<_> = person_scores(numbering, nodes, trust, global).collect();
    for chunk in scores.chunks(CHUNK) {
        loader.people(chunk).await?;
    }
    let memberships = world_memberships(numbering, nodes, global, support);
    Ok(loader.memberships(PackedMemberships::pack(WORLD, &memberships)).await?)
}

async fn load_communities(
    dependencies: ScoreDependencies<'_>,
    loader: &mut RunLoader<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    for level in 0..results.hierarchy.levels.len() {
        let people = dependencies.artifacts(results.run).people(level).await?;
        let communities = results.communities(level, &people);
        let worded: Vec<_> = communities.iter().cloned().map(worded).collect();
        for chunk in worded.chunks(CHUNK) {
            loader.communities(chunk).await?;
        }
        for packed in block_in_place(|| results.memberships(level, &people)) {
            if let Some(shown) = packed.shown {
                loader.memberships(shown).await?;
            }
            if let Some(same) = packed.same {
                loader.same_memberships(same).await?;
            }
        }
    }
    Ok(())
}

/// A community with the words of its labels, as they are looked for.
fn worded(community: Community) -> (Community, Vec<String>) {
    let words = |label: &String| search::words::indexed(Folding::NEWEST, label, LABEL_WORDS_MAX);
    let words = community.labels.iter().flat_map(words).collect();
    (community, words)
}

async fn load_evidence(
    dependencies: ScoreDependencies<'_>,
    loader: &mut RunLoader<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    for level in 0..results.names.levels.len() {
        let packed = dependencies.artifacts(results.run).evidence(level).await?;
        for (community, packed) in (0..).map(CommunityIndex::new).zip(packed) {
            let place = LevelPlace { level, community };
            let group = results.groups.of(place);
            if group.shown == place {
                loader.evidence(results.id(group.first), packed).await?;
            }
        }
    }
    let packed = dependencies.artifacts(results.run).world_evidence().await?;
    Ok(loader.evidence(WORLD, packed).await?)
}

async fn load_terms(
    dependencies: ScoreDependencies<'_>,
    loader: &mut RunLoader<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    let words = words::by_person(dependencies.pg, &results.nodes).await?;
    let mut index = IndexBuilder::new(Folding::NEWEST);
    for (number, &person) in results.numbering.order.iter_enumerated() {
        let public: Vec<_> = words[person].iter().map(words::public).collect();
        index
            .add(number.number(), &public)
            .map_err(|error| ScoreError::Run(format!("index the words: {error}")))?;
    }
    let term =
        |row: search::index::IndexRow| Term { term: row.key, count: row.count, body: row.body };
    let rows: Vec<Term> = index.finish().into_iter().map(term).collect();
    for chunk in rows.chunks(CHUNK) {
        loader.terms(chunk).await?;
    }
    Ok(())
}

/// Lets trusted profiles be crawled more often.
async fn set_frontier_trust(
    dependencies: ScoreDependencies<'_>,
    results: &RunResults,
) -> Result<(), ScoreError> {
    let nodes = &results.nodes;
    let profiles = nodes.profiles.iter().zip(&nodes.person_of);
    let trust = |(&profile, &person)| ProfileTrust { profile, trust: results.trust.values[person] };
    let trusts: Vec<ProfileTrust> = profiles.map(trust).collect();
    for chunk in trusts.chunks(CHUNK) {
        frontier::set_trust(dependencies.pg, chunk).await?;
    }
    Ok(())
}
