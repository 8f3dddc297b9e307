//! What communities are called, and what they are about that is sensitive. Made when trust is known:
//! words of people who are little known do not count, or the largest community would be named by its
//! fakes.

use std::collections::BTreeMap;

use graph::labels::LabelCounter;
use graph::{Hierarchy, Trust};
use model::RunId;
use model::index::{CommunityIndex, PersonIndex};
use snapshot::{Nodes, load_nodes};
use store::pg::snapshot::ProfileWords;
use tokio::task::block_in_place;
use typed_index_collections::{TiVec, ti_vec};

use super::label_names::without_handles;
use super::topics::{LevelTopicCounts, community_topics};
use super::words;
use crate::artifacts::{LABELS, TOPICS, snapshot_of};
use crate::community_names::CommunityLabels;
use crate::{ScoreDependencies, ScoreError};

/// Labels kept of each community.
const LABELS_MAX: usize = 8;

/// Labels looked at: some may not be kept.
const CANDIDATES_MAX: usize = 2 * LABELS_MAX;

/// Labels the communities of every level, finds what they are about, and seals both.
pub(super) async fn labels(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<(), ScoreError> {
    let snapshot = snapshot_of(dependencies.pg, run).await?;
    let nodes = load_nodes(dependencies.objects, snapshot).await?;
    let artifacts = dependencies.artifacts(run);
    let (hierarchy, trust) = (artifacts.hierarchy().await?, artifacts.trust().await?);
    let mut tally = LabelTally::new(&nodes, &hierarchy, &trust);
    let mut pages = words::WordPages::open(dependencies.pg).await?;
    while let Some(page) = pages.next().await? {
        block_in_place(|| page.iter().for_each(|words| tally.add(words)));
    }
    let LevelWords { labels, counts } = block_in_place(|| tally.finish());
    let topics = block_in_place(|| community_topics(&hierarchy, &counts, &labels));
    let labels = without_handles(dependencies.pg, &nodes, &hierarchy, labels, &topics).await?;
    artifacts.seal(TOPICS, &topics).await?;
    artifacts.seal(LABELS, &labels).await
}

/// Counts words by community. Holds only the words of people who have several profiles.
struct LabelTally<'a> {
    nodes: &'a Nodes,
    hierarchy: &'a Hierarchy,
    trust: &'a Trust,
    /// Whether each person has several profiles.
    several: TiVec<PersonIndex, bool>,
    waiting: BTreeMap<PersonIndex, String>,
    /// Of the finest level.
    counter: LabelCounter,
    topics: LevelTopicCounts,
}

/// What the words of people say of the communities of all levels, the coarsest first.
struct LevelWords {
    labels: CommunityLabels,
    counts: Vec<LevelTopicCounts>,
}

impl<'a> LabelTally<'a> {
    fn new(nodes: &'a Nodes, hierarchy: &'a Hierarchy, trust: &'a Trust) -> LabelTally<'a> {
        let mut profiles: TiVec<PersonIndex, u32> = ti_vec![0; nodes.people.len()];
        nodes.person_of.iter().for_each(|&person| profiles[person] += 1);
        let several = profiles.into_iter().map(|count| count > 1).collect();
        let communities = hierarchy.levels.last().map_or(0, |finest| finest.communities);
        let (counter, topics) =
            (LabelCounter::new(communities), LevelTopicCounts::new(communities));
        LabelTally { nodes, hierarchy, trust, several, waiting: BTreeMap::new(), counter, topics }
    }

    /// Adds the words of one profile, if its person is known.
    fn add(&mut self, words: &ProfileWords) {
        let person = self.nodes.profile(words.id).map(|at| self.nodes.person_of[at]);
        let known = |person: &PersonIndex| self.trust.values[*person] >= self.trust.noise;
        match person.filter(known).zip(words::public_bio(words)) {
            Some((person, text)) if self.several[person] => {
                let waiting = self.waiting.entry(person).or_default();
                waiting.push_str(text);
                waiting.push('\n');
            }
            Some((person, text)) => self.count(person, text),
            None => {}
        }
    }

    fn count(&mut self, person: PersonIndex, text: &str) {
        let finest = self.hierarchy.levels.last();
        let own = finest.and_then(|level| level.community_of[person].get());
        if let Some(own) = own {
            self.counter.add(own, text);
            self.topics.add(own, text);
        }
    }

    fn finish(mut self) -> LevelWords {
        for (person, text) in std::mem::take(&mut self.waiting) {
            self.count(person, &text);
        }
        let (mut counter, mut counts) = (self.counter, self.topics);
        let levels = &self.hierarchy.levels;
        let mut words = LevelWords { labels: Vec::new(), counts: Vec::new() };
        for (at, level) in levels.iter().enumerate().rev() {
            words.labels.push(kept(counter.labels(CANDIDATES_MAX), &counts));
            words.counts.push(counts.clone());
            if let Some(above) = at.checked_sub(1).map(|above| &levels[above]) {
                counter = counter.above(&level.parents, above.communities);
                counts = counts.above(&level.parents, above.communities);
            }
        }
        words.labels.reverse();
        words.counts.reverse();
        words
    }
}

/// The labels of a level's communities that may be kept.
fn kept(candidates: Vec<Vec<String>>, counts: &LevelTopicCounts) -> Vec<Vec<String>> {
    let of_one = |(at, mut labels): (u32, Vec<String>)| {
        labels.retain(|label| counts.allow(CommunityIndex::new(at), label));
        labels.truncate(LABELS_MAX);
        labels
    };
    (0..).zip(candidates).map(of_one).collect()
}
