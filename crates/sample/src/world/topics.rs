//! The words of the planted communities, from `topics.tsv`: parent, leaf, words; a row without a
//! leaf has the parent's own words. No word belongs to two of them.

const TABLE: &str = include_str!("topics.tsv");

/// Words that anybody may use.
const PLAIN: &str = "about always another around because before better between careful curious \
daily different enough every family friend gentle happy here honest hope keep learning life \
listen little living local look love maker many maybe mostly morning never new nice often old \
opinions our own parent people perhaps quiet really same share simple slow small some something \
sometimes still stories stuff talk teacher thank things think time today together tomorrow try \
very walk warm week welcome while wonder work world year";

/// One community's words.
#[derive(Debug, Clone)]
pub(crate) struct TopicWords {
    /// `parent/leaf`.
    pub(crate) title: String,
    /// The leaf's own name and words.
    pub(crate) words: Vec<&'static str>,
    /// The words that it shares with its siblings.
    pub(crate) shared: Vec<&'static str>,
}

/// Every community's words.
#[derive(Debug, Clone)]
pub(crate) struct TopicList {
    leaves: Vec<TopicWords>,
    /// Words that anybody may use.
    pub(crate) plain: Vec<&'static str>,
}

impl TopicList {
    /// Reads the table; leaves lie in its order, four to a parent.
    pub(crate) fn load() -> TopicList {
        let mut leaves = Vec::new();
        let mut shared: Vec<&'static str> = Vec::new();
        for line in TABLE.lines() {
            let mut cells = line.split('\t');
            let (parent, leaf) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
            let mut words: Vec<&'static str> = cells.next().unwrap_or("").split(' ').collect();
            if leaf.is_empty() {
                shared = words;
                shared.push(parent);
                continue;
            }
            words.push(leaf);
            let title = format!("{parent}/{leaf}");
            leaves.push(TopicWords { title, words, shared: shared.clone() });
        }
        TopicList { leaves, plain: PLAIN.split_whitespace().collect() }
    }

    /// The words of one leaf.
    pub(crate) fn leaf(&self, leaf: u16) -> &TopicWords {
        &self.leaves[usize::from(leaf) % self.leaves.len()]
    }

    /// `parent/leaf`.
    pub(crate) fn title(&self, leaf: u16) -> String {
        self.leaf(leaf).title.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sixty_leaves_share_no_word() {
        let topics = TopicList::load();
        assert_eq!(topics.leaves.len(), 60);
        let mut seen: BTreeSet<&str> = topics.plain.iter().copied().collect();
        for topic in &topics.leaves {
            assert_eq!(topic.words.len(), 9, "{}", topic.title);
            for word in &topic.words {
                assert!(seen.insert(word), "{word} of {} is taken", topic.title);
            }
        }
        for topic in &topics.leaves {
            assert!(topic.shared.iter().all(|word| !seen.contains(word)), "{}", topic.title);
        }
    }
}
