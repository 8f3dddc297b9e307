//! What communities are called. Made when trust is known: words of people who are little known do not
//! count, or the largest community would be named by its fakes.

use std::collections::BTreeMap;

use graph::labels::LabelCounter;
use graph::{Hierarchy, Trust};
use model::RunId;
use model::index::PersonIndex;
use model::port::Objects;
use store::pg::snapshot::Words;
use tokio::task::block_in_place;

use super::names::Names;
use super::{open_hierarchy, seal_as, snapshot_of, words};
use crate::seal::{find_sealed, key, open};
use crate::snapshot::{self, Nodes};
use crate::{Doors, ScoreError};

/// The name under which the labels of all levels are sealed.
pub(super) const LABELS: &str = "labels";

/// Labels kept of each community.
const LABELS_MAX: usize = 8;

/// The labels of each community of each level, the most telling first.
type Labels = Vec<Vec<Vec<String>>>;

/// Labels the communities of every level, and seals that.
pub(super) async fn labels<O: Objects, C>(
    doors: Doors<'_, O, C>,
    this: RunId,
) -> Result<(), ScoreError> {
    let nodes = snapshot::load_nodes(doors.objects, snapshot_of(doors.pg, this).await?).await?;
    let hierarchy = open_hierarchy(doors.objects, this).await?;
    let trust: Trust = open(doors.objects, &key(this, "trust")).await?;
    let mut tally = Tally::new(&nodes, &hierarchy, &trust);
    let mut pages = words::Pages::open(doors.pg).await?;
    while let Some(page) = pages.next().await? {
        block_in_place(|| page.iter().for_each(|words| tally.add(words)));
    }
    seal_as(doors.objects, this, LABELS, &block_in_place(|| tally.labels())).await
}

/// The names of a run's communities with their labels, if they are labelled yet.
pub(crate) async fn open_names(objects: &impl Objects, run: RunId) -> Result<Names, ScoreError> {
    let mut names: Names = open(objects, &key(run, "names")).await?;
    let labels: Option<Labels> = find_sealed(objects, &key(run, LABELS)).await?;
    for (level, labels) in names.levels.iter_mut().zip(labels.into_iter().flatten()) {
        level.labels = labels;
    }
    Ok(names)
}

/// Counts who says what. Holds the words of those people only who have several profiles.
struct Tally<'a> {
    nodes: &'a Nodes,
    hierarchy: &'a Hierarchy,
    trust: &'a Trust,
    /// Whether each person has several profiles.
    several: Vec<bool>,
    waiting: BTreeMap<u32, String>,
    /// Of the finest level.
    counter: LabelCounter,
}

impl<'a> Tally<'a> {
    fn new(nodes: &'a Nodes, hierarchy: &'a Hierarchy, trust: &'a Trust) -> Tally<'a> {
        let mut profiles = vec![0u32; nodes.people.len()];
        nodes.person_of.iter().for_each(|&person| profiles[person as usize] += 1);
        let several = profiles.into_iter().map(|count| count > 1).collect();
        let communities = hierarchy.levels.last().map_or(0, |finest| finest.communities);
        let counter = LabelCounter::new(communities);
        Tally { nodes, hierarchy, trust, several, waiting: BTreeMap::new(), counter }
    }

    /// Adds what one profile says, if its person is known.
    fn add(&mut self, words: &Words) {
        let person = self.nodes.profile(words.id).map(|at| self.nodes.person_of[at as usize]);
        let known = |person: &u32| self.trust.values.raw[*person as usize] >= self.trust.noise;
        let told = person.filter(known).zip(words::told(words));
        match told {
            Some((person, text)) if self.several[person as usize] => {
                let waiting = self.waiting.entry(person).or_default();
                waiting.push_str(text);
                waiting.push('\n');
            }
            Some((person, text)) => self.count(person, text),
            None => {}
        }
    }

    fn count(&mut self, person: u32, text: &str) {
        let finest = self.hierarchy.levels.last();
        let own = finest.and_then(|level| level.community_of[PersonIndex::new(person)].get());
        if let Some(own) = own {
            self.counter.add(own, text);
        }
    }

    /// The labels of all levels, the coarsest first.
    fn labels(mut self) -> Labels {
        for (person, text) in std::mem::take(&mut self.waiting) {
            self.count(person, &text);
        }
        let (mut counter, levels) = (self.counter, &self.hierarchy.levels);
        let mut labels = Vec::new();
        for (at, level) in levels.iter().enumerate().rev() {
            labels.push(counter.labels(LABELS_MAX));
            if let Some(above) = at.checked_sub(1).map(|above| &levels[above]) {
                counter = counter.above(&level.parents, above.communities);
            }
        }
        labels.reverse();
        labels
    }
}
