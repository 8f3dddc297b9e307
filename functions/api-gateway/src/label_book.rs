//! The words of the labels of the served run's communities, in memory: suggestions look for the beginnings of
//! words, which no index of the database has.

use std::sync::{Arc, Mutex, PoisonError};

use model::{Community, RunId};
use search::{Folding, words};
use store::Pg;
use store::pg::community::{self, CommunityPosition, CommunityQuery};

use crate::error::Problem;
use crate::query::LIMIT_MAX;

/// The most communities that are kept, the largest: about 4 MB.
const COMMUNITIES_MAX: usize = 10_000;
/// Words of one label, as it is indexed.
const LABEL_WORDS_MAX: usize = 32;

/// How many runs are kept: the served one, and the one before, which replays still ask for.
const RUNS_MAX: usize = 2;

/// The labels of the last runs that were asked for, the newest last.
#[derive(Default)]
pub(crate) struct LabelBook(Mutex<Vec<Arc<RunLabels>>>);

/// The largest communities of a run, by the words of their labels.
pub(crate) struct RunLabels {
    run: RunId,
    /// The largest first.
    communities: Vec<LabelledCommunity>,
    /// Every word with the place of a community that has it, sorted.
    words: Vec<LabelWord>,
}

struct LabelledCommunity {
    community: Community,
    words: Vec<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LabelWord {
    word: String,
    place: usize,
}

impl LabelBook {
    /// The labels of a run. Requests that find none at once each read them: none waits for another, since all may
    /// hold a connection.
    pub(crate) async fn of(
        &self,
        pg: &Pg,
        run: RunId,
        folding: Folding,
    ) -> Result<Arc<RunLabels>, Problem> {
        if let Some(labels) = self.kept(run) {
            return Ok(labels);
        }
        let read = Arc::new(RunLabels::new(run, largest(pg, run).await?, folding));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|labels| labels.run != run);
        if kept.len() >= RUNS_MAX {
            kept.remove(0);
        }
        kept.push(Arc::clone(&read));
        Ok(read)
    }

    fn kept(&self, run: RunId) -> Option<Arc<RunLabels>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|labels| labels.run == run).map(Arc::clone)
    }
}

/// The largest communities of a run.
async fn largest(pg: &Pg, run: RunId) -> Result<Vec<Community>, Problem> {
    let mut all: Vec<Community> = Vec::new();
    while all.len() < COMMUNITIES_MAX {
        let after = all.last().map(|last| CommunityPosition { members: last.members, id: last.id });
        let query = CommunityQuery { after, limit: LIMIT_MAX, ..CommunityQuery::default() };
        let page = community::page(pg, run, query).await?;
        let is_last = page.len() < LIMIT_MAX as usize;
        all.extend(page);
        if is_last {
            break;
        }
    }
    Ok(all)
}

impl RunLabels {
    fn new(run: RunId, communities: Vec<Community>, folding: Folding) -> RunLabels {
        let labelled = |community: Community| {
            let words = |label: &String| words::indexed(folding, label, LABEL_WORDS_MAX);
            let words = community.labels.iter().flat_map(words).collect();
            LabelledCommunity { community, words }
        };
        let communities: Vec<LabelledCommunity> = communities.into_iter().map(labelled).collect();
        let words = communities.iter().enumerate().flat_map(|(place, one)| {
            one.words.iter().map(move |word| LabelWord { word: word.clone(), place })
        });
        let mut words: Vec<LabelWord> = words.collect();
        words.sort_unstable();
        RunLabels { run, communities, words }
    }

    /// The largest communities with a label that has, for each of these words, one that begins so; at most
    /// `most`.
    pub(crate) fn find(&self, typed: &[String], most: usize) -> Vec<Community> {
        // The longest word leaves the fewest to look at.
        let Some(longest) = typed.iter().max_by_key(|word| word.len()) else { return Vec::new() };
        let first = self.words.partition_point(|one| one.word < *longest);
        let began = self.words[first..].iter().take_while(|one| one.word.starts_with(longest));
        let mut places: Vec<usize> = began.map(|one| one.place).collect();
        places.sort_unstable();
        places.dedup();
        let found = places.into_iter().map(|place| &self.communities[place]);
        let found = found.filter(|one| one.has(typed)).take(most);
        found.map(|one| one.community.clone()).collect()
    }
}

impl LabelledCommunity {
    /// Whether each of these begins a word of its labels.
    fn has(&self, typed: &[String]) -> bool {
        typed.iter().all(|start| self.words.iter().any(|word| word.starts_with(start)))
    }
}

#[cfg(test)]
mod tests {
    use model::CommunityId;

    use super::*;

    #[test]
    fn the_largest_with_all_beginnings_come_first() {
        let community = |id, labels: &[&str]| Community {
            id: CommunityId::new(id),
            parent: None,
            level: 0,
            last_level: 0,
            same_as: None,
            members: 10 - id as u32,
            trust: 0.5,
            low_trust: false,
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            sensitive: model::SensitiveTopics::NONE,
        };
        let all = vec![
            community(1, &["rust lang", "compilers"]),
            community(2, &["Rüstung"]),
            community(3, &["gardening", "rust"]),
        ];
        let labels = RunLabels::new(RunId::new(1), all, Folding::NEWEST);
        let find = |typed: &[&str], most| {
            let typed: Vec<String> = typed.iter().map(|&word| word.to_owned()).collect();
            let found = labels.find(&typed, most).into_iter();
            found.map(|one| one.id.number()).collect::<Vec<_>>()
        };
        assert_eq!(find(&["rus"], 9), [1, 2, 3]);
        assert_eq!(find(&["rus"], 2), [1, 2]);
        assert_eq!(find(&["rust", "gard"], 9), [3]);
        assert_eq!(find(&["rust", "x"], 9), [] as [u64; 0]);
        assert_eq!((find(&["zz"], 9), find(&[], 9)), (vec![], vec![]));
    }
}
