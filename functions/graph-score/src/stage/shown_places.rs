//! In which communities people lie on the map: not in one about something sensitive, unless their public bio names
//! it, since where a person lies tells that it belongs there.
//!
//! Bios may change after the run: answers ask again (`api-gateway::sensitive`), and leave out who lies where it is
//! not to be seen by then.

use graph::{Hierarchy, HomeDepth, visible_depths};
use model::index::{CommunityIndex, PersonIndex};
use model::sensitive::SensitiveTopics;
use store::Pg;
use tokio::task::block_in_place;
use typed_index_collections::{TiVec, ti_vec};

use super::results::RunResults;
use super::same_groups::LevelPlace;
use super::words::{WordPages, public_bio};
use crate::ScoreError;

/// What the communities of each level are about.
struct LevelTopics(Vec<TiVec<CommunityIndex, SensitiveTopics>>);

/// How deep in its communities each person lies.
pub(super) async fn shown_depths(
    pg: &Pg,
    results: &RunResults,
) -> Result<TiVec<PersonIndex, HomeDepth>, ScoreError> {
    let topics = LevelTopics::of(results);
    let named = named_topics(pg, results, &topics).await?;
    let is_hidden = |person: PersonIndex, level: usize, community: CommunityIndex| {
        let topics = topics.0[level][community];
        !topics.is_empty() && !topics.are_named_by(named[person])
    };
    Ok(visible_depths(&results.hierarchy, is_hidden))
}

/// What people of sensitive communities name in their public bios; of others nothing is read.
async fn named_topics(
    pg: &Pg,
    results: &RunResults,
    topics: &LevelTopics,
) -> Result<TiVec<PersonIndex, SensitiveTopics>, ScoreError> {
    let nodes = &results.nodes;
    let mut named = ti_vec![SensitiveTopics::NONE; nodes.people.len()];
    let mut pages = WordPages::open(pg).await?;
    while let Some(page) = pages.next().await? {
        block_in_place(|| {
            for words in &page {
                let person = nodes.profile(words.id).map(|at| nodes.person_of[at]);
                let asked = person.filter(|&person| topics.concern(&results.hierarchy, person));
                if let Some((person, bio)) = asked.zip(public_bio(words)) {
                    named[person] = named[person].union(search::sensitive::named(bio));
                }
            }
        });
    }
    Ok(named)
}

impl LevelTopics {
    /// A group that is the same on several levels is about what its first community is about.
    fn of(results: &RunResults) -> LevelTopics {
        let about = |place: LevelPlace| {
            let LevelPlace { level, community } = results.groups.of(place).first;
            let names = &results.names.levels[level];
            let found = names.topics.get(community.index()).copied().unwrap_or_default();
            let labels = names.labels.get(community.index()).into_iter().flatten();
            search::sensitive::about(found, labels.map(String::as_str))
        };
        let of_level = |(level, found): (usize, &graph::Level)| {
            let communities = (0..found.communities).map(CommunityIndex::new);
            communities.map(|community| about(LevelPlace { level, community })).collect()
        };
        LevelTopics(results.hierarchy.levels.iter().enumerate().map(of_level).collect())
    }

    /// Whether a person is in a sensitive community.
    fn concern(&self, hierarchy: &Hierarchy, person: PersonIndex) -> bool {
        hierarchy.levels.iter().zip(&self.0).any(|(level, topics)| {
            level.community_of[person].get().is_some_and(|own| !topics[own].is_empty())
        })
    }
}
