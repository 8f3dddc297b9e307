//! What communities are about that is sensitive: by their labels, and by what many of their people say
//! of themselves.

use std::collections::BTreeMap;

use graph::Hierarchy;
use model::index::CommunityIndex;
use model::sensitive::{SensitiveTopic, SensitiveTopics};
use search::sensitive::topics;
use typed_index_collections::{TiSlice, TiVec, ti_vec};

use crate::community_names::{CommunityLabels, CommunityTopics};

/// A community is about a topic that at least one in this number of the people who write names.
const ABOUT_ONE_IN: u32 = 3;

/// And at least this number does, or all who write: else one person could hide the others.
const ABOUT_MIN: u32 = 3;

/// A label that names a topic is a word of at least one in this number of them: what few say of themselves is
/// not shown of all.
const LABEL_ONE_IN: u32 = 10;

/// How many people of a community write something of themselves, and how many of them name each topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TopicCounts {
    writers: u32,
    naming: BTreeMap<SensitiveTopic, u32>,
}

/// The counts of one level's communities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LevelTopicCounts {
    communities: TiVec<CommunityIndex, TopicCounts>,
}

impl TopicCounts {
    fn is_named_by_one_in(&self, number: u32, topic: SensitiveTopic) -> bool {
        let naming = u64::from(self.naming.get(&topic).copied().unwrap_or(0));
        naming > 0 && naming * u64::from(number) >= u64::from(self.writers)
    }

    fn is_named_by_many(&self, topic: SensitiveTopic) -> bool {
        let naming = self.naming.get(&topic).copied().unwrap_or(0);
        self.is_named_by_one_in(ABOUT_ONE_IN, topic)
            && (naming >= ABOUT_MIN || naming == self.writers)
    }

    /// What a community with these labels is about.
    fn about(&self, labels: &[String]) -> SensitiveTopics {
        let many = self.naming.keys().copied().filter(|&topic| self.is_named_by_many(topic));
        many.map(SensitiveTopics::from).chain(labels.iter().map(|label| topics(label))).collect()
    }

    fn add(&mut self, other: &TopicCounts) {
        self.writers += other.writers;
        for (&topic, &people) in &other.naming {
            *self.naming.entry(topic).or_default() += people;
        }
    }
}

impl LevelTopicCounts {
    /// Of communities `0..communities`, of which nothing is read yet.
    pub(super) fn new(communities: u32) -> LevelTopicCounts {
        let communities = ti_vec![TopicCounts::default(); communities as usize];
        LevelTopicCounts { communities }
    }

    /// Adds what one person writes of itself.
    pub(super) fn add(&mut self, community: CommunityIndex, text: &str) {
        let counts = &mut self.communities[community];
        counts.writers += 1;
        topics(text).iter().for_each(|topic| *counts.naming.entry(topic).or_default() += 1);
    }

    /// The same counts for the level above. `parents` has the community there of each.
    pub(super) fn above(
        &self,
        parents: &TiSlice<CommunityIndex, CommunityIndex>,
        communities: u32,
    ) -> LevelTopicCounts {
        let mut above = LevelTopicCounts::new(communities);
        self.communities
            .iter()
            .zip(parents)
            .for_each(|(part, &parent)| above.communities[parent].add(part));
        above
    }

    /// Whether a community may have this label.
    pub(super) fn allow(&self, community: CommunityIndex, label: &str) -> bool {
        let counts = &self.communities[community];
        topics(label).iter().all(|topic| counts.is_named_by_one_in(LABEL_ONE_IN, topic))
    }
}

/// What the communities of each level are about. A member of a community is one of those around
/// it, too: so a part is about whatever the whole is about, and levels that have the same people as
/// one community share it.
pub(super) fn community_topics(
    hierarchy: &Hierarchy,
    counts: &[LevelTopicCounts],
    labels: &CommunityLabels,
) -> CommunityTopics {
    let own = |(counts, labels): (&LevelTopicCounts, &Vec<Vec<String>>)| {
        counts.communities.iter().zip(labels).map(|(counts, labels)| counts.about(labels)).collect()
    };
    let mut levels: Vec<TiVec<CommunityIndex, SensitiveTopics>> =
        counts.iter().zip(labels).map(own).collect();
    let sizes: Vec<TiVec<CommunityIndex, usize>> =
        hierarchy.levels.iter().map(graph::Level::sizes).collect();
    for at in (1..levels.len()).rev() {
        let (above, below) = levels.split_at_mut(at);
        for (part, &parent) in hierarchy.levels[at].parents.iter_enumerated() {
            if sizes[at][part] == sizes[at - 1][parent] {
                above[at - 1][parent] = above[at - 1][parent].union(below[0][part]);
            }
        }
    }
    for at in 1..levels.len() {
        let (above, below) = levels.split_at_mut(at);
        for (part, &parent) in hierarchy.levels[at].parents.iter_enumerated() {
            below[0][part] = below[0][part].union(above[at - 1][parent]);
        }
    }
    levels.into_iter().map(Vec::from).collect()
}

#[cfg(test)]
mod tests {
    use graph::{Level, OptionalCommunity, Overlap};

    use super::*;

    fn level(communities: &[u32], parents: &[u32]) -> Level {
        let at = |&number: &u32| CommunityIndex::new(number);
        Level {
            resolution: 1.0,
            community_of: communities.iter().map(|one| OptionalCommunity::from(at(one))).collect(),
            communities: communities.iter().max().map_or(0, |most| most + 1),
            parents: parents.iter().map(at).collect(),
        }
    }

    /// Eight people: 0 to 3 and 4 to 7; then the first half in two; then each as before.
    fn hierarchy() -> Hierarchy {
        Hierarchy {
            levels: vec![
                level(&[0, 0, 0, 0, 1, 1, 1, 1], &[]),
                level(&[1, 1, 2, 2, 0, 0, 0, 0], &[1, 0, 0]),
                level(&[1, 1, 2, 2, 0, 0, 0, 0], &[0, 1, 2]),
            ],
            leaf: 2,
            bits: 0.0,
            fewest: 0.0,
            insides: TiVec::new(),
            overlap: Overlap::default(),
        }
    }

    fn of(level: &[&[&str]]) -> Vec<Vec<String>> {
        level.iter().map(|labels| labels.iter().map(|&one| one.to_owned()).collect()).collect()
    }

    fn found(labels: &CommunityLabels) -> Vec<Vec<Vec<&'static str>>> {
        let hierarchy = hierarchy();
        let counts = hierarchy.levels.iter().map(|one| LevelTopicCounts::new(one.communities));
        let topics = community_topics(&hierarchy, &counts.collect::<Vec<_>>(), labels);
        let slugs = |one: &SensitiveTopics| one.iter().map(SensitiveTopic::slug).collect();
        topics.iter().map(|level| level.iter().map(slugs).collect()).collect()
    }

    #[test]
    fn a_part_is_about_what_the_whole_is_about() {
        let labels = vec![
            of(&[&["mosque"], &["jazz"]]),
            of(&[&["jazz"], &[], &["chess"]]),
            of(&[&["jazz"], &["chess"], &["queer"]]),
        ];
        let (islam, both) = (vec!["islam"], vec!["queer", "islam"]);
        assert_eq!(
            found(&labels),
            [
                vec![islam.clone(), vec![]],
                vec![vec![], islam.clone(), both.clone()],
                vec![vec![], islam, both],
            ]
        );
    }

    #[test]
    fn the_whole_is_not_about_what_a_part_is_about_unless_they_are_the_same_people() {
        let labels = vec![
            of(&[&["jazz"], &["jazz"]]),
            of(&[&[], &["hiv"], &[]]),
            of(&[&["union member"], &[], &[]]),
        ];
        assert_eq!(
            found(&labels),
            [
                vec![vec![], vec!["unions"]],
                vec![vec!["unions"], vec!["hiv"], vec![]],
                vec![vec!["unions"], vec!["hiv"], vec![]],
            ]
        );
    }

    #[test]
    fn a_community_is_about_what_many_of_its_people_name() {
        let mut counts = LevelTopicCounts::new(2);
        let (first, second) = (CommunityIndex::new(0), CommunityIndex::new(1));
        for text in ["catholic", "baptist, rust", "rust", "rust", "rust", "rust"] {
            counts.add(first, text);
        }
        let two = counts.clone();
        counts.add(first, "methodist");
        for _ in 0..5 {
            counts.add(second, "rust");
        }
        let about =
            |counts: &LevelTopicCounts, at: CommunityIndex| counts.communities[at].about(&[]);
        assert_eq!(about(&counts, first), SensitiveTopic::Christianity.into());
        assert_eq!(about(&counts, second), SensitiveTopics::NONE);
        assert_eq!(
            about(&two, first),
            SensitiveTopics::NONE,
            "two of six are too few to hide four"
        );
        assert!(counts.allow(first, "Christians") && counts.allow(first, "rust"));
        assert!(!counts.allow(first, "mosque") && !counts.allow(second, "Christians"));
        let mut alone = LevelTopicCounts::new(1);
        alone.add(first, "imam of a mosque");
        assert_eq!(about(&alone, first), SensitiveTopic::Islam.into(), "all who write say it");
        let parents: TiVec<CommunityIndex, CommunityIndex> = vec![first, first].into();
        let above = counts.above(&parents, 1);
        assert_eq!(above.communities[first].writers, 12);
        assert_eq!(about(&above, first), SensitiveTopics::NONE, "three of twelve are not many");
        assert!(above.allow(first, "Christians"), "and more than one in ten");
    }
}
