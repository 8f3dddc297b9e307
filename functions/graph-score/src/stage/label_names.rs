//! Labels of sensitive communities that are the name of an account.
//!
//! A word that many write in such a community may be what one of its people is called: then the label
//! would tell of a membership. A word that names a topic stays, though there are accounts of that name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graph::Hierarchy;
use model::index::CommunityIndex;
use search::{Folding, sensitive, words};
use snapshot::Nodes;
use store::Pg;
use store::pg::snapshot::ProfileWords;

use super::words::WordPages;
use crate::ScoreError;
use crate::community_names::{CommunityLabels, CommunityTopics};

/// A community by its level, the coarsest 0, and its number there.
type CommunityPlace = (usize, CommunityIndex);

/// The labels without those that are the handle of a member, listed or not, of the sensitive community
/// that has the label.
pub(super) async fn without_handles(
    pg: &Pg,
    nodes: &Nodes,
    hierarchy: &Hierarchy,
    mut labels: CommunityLabels,
    topics: &CommunityTopics,
) -> Result<CommunityLabels, ScoreError> {
    let suspects = suspects(&labels, topics);
    if suspects.is_empty() {
        return Ok(labels);
    }
    let mut names: BTreeMap<CommunityPlace, BTreeSet<String>> = BTreeMap::new();
    let mut pages = WordPages::open(pg).await?;
    while let Some(page) = pages.next().await? {
        for words in &page {
            for (place, name) in named_by(words, nodes, hierarchy, &suspects) {
                names.entry(place).or_default().insert(name);
            }
        }
    }
    for ((level, community), names) in names {
        let is_name = |label: &String| keys(label).any(|key| names.contains(&key));
        labels[level][community.index()].retain(|label| !is_name(label));
    }
    Ok(labels)
}

/// The labels that may be names, with the communities that have them.
fn suspects(
    labels: &CommunityLabels,
    topics: &CommunityTopics,
) -> HashMap<String, Vec<CommunityPlace>> {
    let mut suspects: HashMap<String, Vec<CommunityPlace>> = HashMap::new();
    for (level, (labels, topics)) in labels.iter().zip(topics).enumerate() {
        for (at, (labels, topics)) in (0..).zip(labels.iter().zip(topics)) {
            let labels = labels.iter().filter(|_| !topics.is_empty());
            labels.flat_map(|label| keys(label)).for_each(|key| {
                suspects.entry(key).or_default().push((level, CommunityIndex::new(at)));
            });
        }
    }
    suspects
}

/// The communities of a profile's person that have its handle as a label.
fn named_by(
    words: &ProfileWords,
    nodes: &Nodes,
    hierarchy: &Hierarchy,
    suspects: &HashMap<String, Vec<CommunityPlace>>,
) -> Vec<(CommunityPlace, String)> {
    let Some(handle) = words.handle.as_deref() else { return Vec::new() };
    let name = words::joined_handle(Folding::NEWEST, handle);
    let person = nodes.profile(words.id).map(|at| nodes.person_of[at]);
    let Some((places, person)) = suspects.get(&name).zip(person) else { return Vec::new() };
    let is_member = |&&(level, community): &&CommunityPlace| {
        hierarchy.levels[level].community_of[person].get() == Some(community)
    };
    places.iter().filter(is_member).map(|&place| (place, name.clone())).collect()
}

/// A label, and each of its words, as names of accounts are compared with them; but those that name a topic.
fn keys(label: &str) -> impl Iterator<Item = String> + '_ {
    let parts = [label].into_iter().chain(label.split([' ', '-']));
    let parts = parts.filter(|part| sensitive::topics(part).is_empty());
    parts.map(|part| words::joined_text(Folding::NEWEST, part))
}
