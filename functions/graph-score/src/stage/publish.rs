//! The stage that loads a run's results for serving, and makes it the run that is served.

use graph::{CommunityPeople, GlobalRank, Hierarchy, Trust};
use model::index::CommunityIndex;
use model::message::Stage;
use model::port::{Clock, Objects};
use model::rank_change::RankChange;
use model::{Community, RunId};
use rayon::prelude::*;
use search::Folding;
use search::index::Builder;
use store::pg::community::WORLD;
use store::pg::evidence::PackedEvidence;
use store::pg::publish::{Loader, PackedMemberships};
use store::pg::term::Term;
use store::pg::{frontier, run};
use tokio::task::block_in_place;

use super::changes::{CHANGES, changes};
use super::labels::{LABELS, labels, open_names};
use super::memberships::{Belonging, Numbering, memberships, person_scores, world_memberships};
use super::names::Names;
use super::people::{WORLD_EVIDENCE, WORLD_SUPPORT, evidence_name};
use super::tables::{MEMBERS, tables};
use super::{open_hierarchy, open_people, seconds, snapshot_of, words};
use crate::budget::{Budget, Time};
use crate::seal::{key, names, open};
use crate::snapshot::{self, Nodes};
use crate::{Doors, ScoreError};

/// Rows handed to the loader at a time.
const CHUNK: usize = 10_000;

/// Words of one label that it is found by.
const LABEL_WORDS_MAX: usize = 32;

/// How many published runs stay readable beside the served one; those that failed, were overtaken or
/// were not retired to the end do not.
const RUNS_KEPT: usize = 3;

/// All that is published of a run but its people in communities.
pub(super) struct Results {
    pub(super) run: RunId,
    pub(super) nodes: Nodes,
    pub(super) hierarchy: Hierarchy,
    pub(super) names: Names,
    pub(super) trust: Trust,
    pub(super) global: GlobalRank,
    /// What each global share rests on.
    pub(super) support: Vec<f32>,
    numbering: Numbering,
}

/// One piece of the work.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Labels,
    Changes,
    Tables,
    Load,
}

/// Labels communities, tells what changed, seals the tables, then loads everything and serves it. What is sealed is not
/// made again; where the time ends, the next invocation goes on with the first piece that is missing.
pub(crate) async fn publish<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    run: RunId,
    budget: Budget,
) -> Result<Time, ScoreError> {
    let needed = seconds(doors, run, Stage::Publish).await?;
    for piece in missing(doors.objects, run).await? {
        if budget.check(needed, doors.clock.now())? == Time::NextInvocation {
            return Ok(Time::NextInvocation);
        }
        match piece {
            Piece::Labels => labels(doors, run).await?,
            Piece::Changes => changes(doors, run).await?,
            Piece::Tables => tables(doors, &Results::open(doors, run).await?).await?,
            Piece::Load => load(doors, run).await?,
        }
    }
    // The run is served; the next one tidies up what is left.
    if let Err(error) = run::retire_old(doors.pg, RUNS_KEPT, usize::MAX).await {
        tracing::warn!(%run, %error, "results of older runs are still in the record");
    }
    Ok(Time::Enough)
}

/// The pieces to do, in order.
async fn missing(objects: &impl Objects, run: RunId) -> Result<Vec<Piece>, ScoreError> {
    let sealed = names(objects, run).await?;
    let is_missing = |piece: &Piece| match piece {
        Piece::Labels => !sealed.contains(LABELS),
        Piece::Changes => !sealed.contains(CHANGES),
        Piece::Tables => !sealed.contains(MEMBERS),
        Piece::Load => true,
    };
    let pieces = [Piece::Labels, Piece::Changes, Piece::Tables, Piece::Load];
    Ok(pieces.into_iter().filter(is_missing).collect())
}

/// Loads everything into tables that nobody reads yet, then makes them the served ones. Tables that an
/// earlier worker has attached are whole, and readers may be at them: they stay. The change log hears
/// of ranks in the same transaction: whoever publishes a run again changes nothing and tells nothing.
async fn load<O: Objects, C: Clock>(doors: Doors<'_, O, C>, this: RunId) -> Result<(), ScoreError> {
    let results = Results::open(doors, this).await?;
    if !run::is_loaded(doors.pg, this).await? {
        load_all(doors, &results).await?;
    }
    tell_frontier(doors, &results).await?;
    let changes: Vec<RankChange> = open(doors.objects, &key(this, CHANGES)).await?;
    Ok(run::publish(doors.pg, this, &changes, doors.clock.now()).await?)
}

async fn load_all<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    results: &Results,
) -> Result<(), ScoreError> {
    let mut loader = Loader::begin(doors.pg, results.run).await?;
    load_people(&mut loader, results).await?;
    load_communities(doors, &mut loader, results).await?;
    load_evidence(doors, &mut loader, results).await?;
    load_terms(doors, &mut loader, results).await?;
    Ok(loader.finish(Folding::NEWEST.number()).await?)
}

impl Results {
    async fn open<O: Objects, C>(
        doors: Doors<'_, O, C>,
        run: RunId,
    ) -> Result<Results, ScoreError> {
        let snapshot = snapshot_of(doors.pg, run).await?;
        let trust: Trust = open(doors.objects, &key(run, "trust")).await?;
        let global: GlobalRank = open(doors.objects, &key(run, "global")).await?;
        Ok(Results {
            run,
            nodes: snapshot::load_nodes(doors.objects, snapshot).await?,
            hierarchy: open_hierarchy(doors.objects, run).await?,
            names: open_names(doors.objects, run).await?,
            support: open(doors.objects, &key(run, WORLD_SUPPORT)).await?,
            numbering: Numbering::new(&trust, &global),
            trust,
            global,
        })
    }

    /// One level's communities as they are served.
    fn communities(&self, level: usize, people: &[CommunityPeople]) -> Vec<Community> {
        let found = &self.hierarchy.levels[level];
        let names = &self.names.levels[level];
        let members = found.sizes();
        let parent = |community: CommunityIndex| {
            let parent = found.parents.get(community)?;
            Some(self.names.levels[level.checked_sub(1)?].ids[parent.index()])
        };
        let community = |one: &CommunityPeople| {
            let at = one.community.index();
            Community {
                id: names.ids[at],
                parent: parent(one.community),
                level: u8::try_from(level).unwrap_or(u8::MAX),
                members: u32::try_from(members[one.community]).unwrap_or(u32::MAX),
                trust: one.trust,
                low_trust: one.low_trust,
                labels: names.labels.get(at).cloned().unwrap_or_default(),
            }
        };
        people.iter().map(community).collect()
    }

    /// The packed memberships of one level.
    fn memberships(
        &self,
        level: usize,
        communities: &[Community],
        people: &[CommunityPeople],
    ) -> Vec<PackedMemberships> {
        let belonging = Belonging::new(&self.hierarchy, level);
        let pack = |(community, people): (&Community, &CommunityPeople)| {
            let rows = memberships(people, &self.numbering, &self.nodes, &belonging);
            PackedMemberships::pack(community.id, &rows)
        };
        communities.par_iter().zip(people).with_max_len(1).map(pack).collect()
    }
}

async fn load_people(loader: &mut Loader<'_>, results: &Results) -> Result<(), ScoreError> {
    let Results { nodes, trust, global, support, numbering, .. } = results;
    let scores: Vec<_> = person_scores(numbering, nodes, trust, global).collect();
    for chunk in scores.chunks(CHUNK) {
        loader.people(chunk).await?;
    }
    let memberships = world_memberships(numbering, nodes, (global, support));
    Ok(loader.memberships(PackedMemberships::pack(WORLD, &memberships)).await?)
}

async fn load_communities<O: Objects, C>(
    doors: Doors<'_, O, C>,
    loader: &mut Loader<'_>,
    results: &Results,
) -> Result<(), ScoreError> {
    for level in 0..results.hierarchy.levels.len() {
        let people = open_people(doors.objects, results.run, level).await?;
        let communities = results.communities(level, &people);
        let worded: Vec<_> = communities.iter().cloned().map(worded).collect();
        for chunk in worded.chunks(CHUNK) {
            loader.communities(chunk).await?;
        }
        for packed in block_in_place(|| results.memberships(level, &communities, &people)) {
            loader.memberships(packed).await?;
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

async fn load_evidence<O: Objects, C>(
    doors: Doors<'_, O, C>,
    loader: &mut Loader<'_>,
    results: &Results,
) -> Result<(), ScoreError> {
    for (level, names) in results.names.levels.iter().enumerate() {
        let packed: Vec<PackedEvidence> =
            open(doors.objects, &key(results.run, &evidence_name(level))).await?;
        for (&id, packed) in names.ids.iter().zip(packed) {
            loader.evidence(id, packed).await?;
        }
    }
    let packed: PackedEvidence = open(doors.objects, &key(results.run, WORLD_EVIDENCE)).await?;
    Ok(loader.evidence(WORLD, packed).await?)
}

async fn load_terms<O, C>(
    doors: Doors<'_, O, C>,
    loader: &mut Loader<'_>,
    results: &Results,
) -> Result<(), ScoreError> {
    let words = words::by_person(doors.pg, &results.nodes).await?;
    let mut index = Builder::new(Folding::NEWEST);
    for (number, &person) in results.numbering.order.iter().enumerate() {
        let public: Vec<_> = words[person as usize].iter().map(words::public).collect();
        index
            .add(number as u32, &public)
            .map_err(|error| ScoreError::Run(format!("index the words: {error}")))?;
    }
    let term = |row: search::index::Row| Term { term: row.key, count: row.count, body: row.body };
    let rows: Vec<Term> = index.finish().into_iter().map(term).collect();
    for chunk in rows.chunks(CHUNK) {
        loader.terms(chunk).await?;
    }
    Ok(())
}

/// Lets trusted profiles be crawled more often.
async fn tell_frontier<O, C>(doors: Doors<'_, O, C>, results: &Results) -> Result<(), ScoreError> {
    let nodes = &results.nodes;
    let trust = |person: u32| results.trust.values.raw[person as usize];
    let told: Vec<_> =
        nodes.profiles.iter().zip(&nodes.person_of).map(|(&id, &at)| (id, trust(at))).collect();
    for chunk in told.chunks(CHUNK) {
        frontier::set_trust(doors.pg, chunk).await?;
    }
    Ok(())
}
