//! Words that set a community apart: what its people say of themselves far more often than others do.
//!
//! Of a term that x of the n people of a community use, and X of all, two things must be high: the
//! share of the people who use it, x / n, and the share of its use that is here, x / X. Both are taken
//! at their lower bounds (Wilson's, z = 1.645), so that a few people make no label, and the score is
//! their harmonic mean. A term is a candidate only if the lower bound of its odds ratio against the
//! rest of the people (Woolf's, with Haldane's correction) is over 2: it is said here more than twice
//! as often as chance would have it. People count once each, so that nobody can shout a label.
//!
//! Terms are words and phrases of two words. A phrase takes the place of a word of it that is mostly
//! said in it; a phrase without such a word says no more than its words. A label is spelled as most
//! spell it.
//!
//! Time O(words). Memory O(pairs of a term and a community), bounded: see [`PAIRS_MAX`].

mod stop;
mod terms;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::wilson::{Z, lower_bound};
use stop::{Languages, StopWords};
use terms::Reader;

/// Where so many pairs of a term and a community are counted, the rarest are forgotten: half a
/// gigabyte, enough for all that a million people say.
const PAIRS_MAX: usize = 1 << 24;

/// A label is said by at least so many people, and by one in so many.
const PEOPLE_MIN: u32 = 2;
const ONE_IN: u32 = 100;

/// A label is said more than so many times as often as chance would have it.
const ODDS_MIN: f64 = 2.0;

/// A language is written in a community where at least this part of the people does.
const WRITTEN_MIN: f64 = 0.05;

/// A phrase takes the place of a word if more than this part of those who say the word say the phrase.
const IN_PHRASE: f64 = 0.5;

/// Different spellings of one term that are counted.
const SPELLINGS_MAX: usize = 8;

/// Counts who says what in the communities of one level.
#[derive(Debug)]
pub struct LabelCounter {
    reader: Reader,
    stop_words: StopWords,
    words: HashMap<String, u32>,
    phrases: HashMap<[u32; 2], u32>,
    terms: Vec<Term>,
    /// People of a community who say a term, by community and term.
    uses: HashMap<(u32, u32), u32>,
    communities: Vec<Community>,
    pairs_max: usize,
}

/// A term that somebody says.
#[derive(Debug, Default)]
struct Term {
    /// Its words, if it is a phrase.
    words: Option<[u32; 2]>,
    /// The languages in which it, or a word of it, says nothing.
    stops: Languages,
    /// How many people say it as a hashtag, which is meant to name a topic.
    tagged: u32,
    spellings: Vec<(String, u32)>,
}

/// The people of a community, and how many of them write each language.
#[derive(Debug, Clone, Default)]
struct Community {
    people: u32,
    languages: BTreeMap<u32, u32>,
}

/// A term as it may stand for one community.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    term: u32,
    uses: u32,
    score: f64,
}

impl LabelCounter {
    /// A counter for communities `0..communities`.
    pub fn new(communities: u32) -> LabelCounter {
        LabelCounter {
            reader: Reader::new(),
            stop_words: StopWords::load(),
            words: HashMap::new(),
            phrases: HashMap::new(),
            terms: Vec::new(),
            uses: HashMap::new(),
            communities: vec![Community::default(); communities as usize],
            pairs_max: PAIRS_MAX,
        }
    }

    /// Adds one person: its community and its words.
    pub fn add(&mut self, community: u32, text: &str) {
        let said = self.reader.read(text);
        let languages = self.stop_words.spoken(said.words.keys().map(String::as_str));
        let spoken = &mut self.communities[community as usize];
        spoken.people += 1;
        languages.into_iter().for_each(|one| *spoken.languages.entry(one).or_insert(0) += 1);
        let words = said.words.into_iter();
        let words: Vec<u32> = words
            .filter_map(|(key, (spelling, tagged))| self.word(key, spelling, tagged))
            .collect();
        let phrases = said.phrases.iter();
        let phrases: Vec<u32> =
            phrases.filter_map(|(of, phrase)| self.phrase(of, phrase)).collect();
        for term in words.into_iter().chain(phrases) {
            *self.uses.entry((community, term)).or_insert(0) += 1;
        }
        if self.uses.len() > self.pairs_max {
            self.forget_rare();
        }
    }

    /// The number of a word, which is spelled so once more; `None` if it says nothing.
    fn word(&mut self, key: String, spelling: &str, tagged: bool) -> Option<u32> {
        let stops = self.stop_words.languages(&key);
        if !tagged && stops.meet(self.stop_words.english()) {
            return None;
        }
        let number = *self.words.entry(key).or_insert(self.terms.len() as u32);
        self.spell(number, Term { stops, ..Term::default() }, spelling);
        self.terms[number as usize].tagged += u32::from(tagged);
        Some(number)
    }

    /// The number of a phrase, which is spelled so once more; `None` if one of its words says nothing.
    fn phrase(&mut self, words: &[String; 2], spelling: &str) -> Option<u32> {
        let [one, two] = words.each_ref().map(|word| self.words.get(word).copied());
        let words = [one?, two?];
        let stops = words.map(|word| self.terms[word as usize].stops);
        let number = *self.phrases.entry(words).or_insert(self.terms.len() as u32);
        let new = Term { words: Some(words), stops: stops[0].or(stops[1]), ..Term::default() };
        self.spell(number, new, spelling);
        Some(number)
    }

    /// Counts a spelling of a term, which is `new` if its number is the next one.
    fn spell(&mut self, number: u32, new: Term, spelling: &str) {
        if number as usize == self.terms.len() {
            self.terms.push(new);
        }
        let spellings = &mut self.terms[number as usize].spellings;
        match spellings.iter().position(|(known, _)| known == spelling) {
            Some(at) => spellings[at].1 += 1,
            None if spellings.len() < SPELLINGS_MAX => spellings.push((spelling.to_owned(), 1)),
            None => {}
        }
    }

    /// Forgets the pairs with the fewest people until half of the room is free. What was said by few
    /// in a community is no label of it; who says it later may be counted anew.
    fn forget_rare(&mut self) {
        for few in 1.. {
            self.uses.retain(|_, uses| *uses > few);
            if self.uses.len() <= self.pairs_max / 2 {
                break;
            }
        }
        self.forget_unused();
    }

    /// Forgets the terms that no pair has, and numbers the others anew.
    fn forget_unused(&mut self) {
        let mut kept = vec![false; self.terms.len()];
        for &(_, term) in self.uses.keys() {
            kept[term as usize] = true;
            let words = self.terms[term as usize].words;
            words.into_iter().flatten().for_each(|word| kept[word as usize] = true);
        }
        let mut next = 0;
        let number = |&kept: &bool| {
            next += u32::from(kept);
            kept.then(|| next - 1)
        };
        let numbers: Vec<Option<u32>> = kept.iter().map(number).collect();
        let new = |old: u32| numbers[old as usize];
        let both = |[one, two]: [u32; 2]| Some([new(one)?, new(two)?]);
        let terms = std::mem::take(&mut self.terms).into_iter().zip(kept);
        let renumbered = |term: Term| Term { words: term.words.and_then(both), ..term };
        self.terms = terms.filter(|(_, kept)| *kept).map(|(term, _)| renumbered(term)).collect();
        let words = std::mem::take(&mut self.words).into_iter();
        self.words = words.filter_map(|(key, old)| Some((key, new(old)?))).collect();
        let phrases = std::mem::take(&mut self.phrases).into_iter();
        self.phrases = phrases.filter_map(|(words, old)| Some((both(words)?, new(old)?))).collect();
        let uses = std::mem::take(&mut self.uses).into_iter();
        self.uses = uses.filter_map(|((at, old), uses)| Some(((at, new(old)?), uses))).collect();
    }

    /// The same counts for the level above, of which `parents` names the community of each, or none.
    pub fn above(self, parents: &[u32], communities: u32) -> LabelCounter {
        let mut above = vec![Community::default(); communities as usize];
        for (part, &parent) in self.communities.iter().zip(parents) {
            let Some(whole) = above.get_mut(parent as usize) else { continue };
            whole.people += part.people;
            for (&language, &people) in &part.languages {
                *whole.languages.entry(language).or_insert(0) += people;
            }
        }
        let mut uses = HashMap::new();
        let within =
            |part: u32| Some(parents[part as usize]).filter(|&parent| parent < communities);
        for ((part, term), count) in self.uses {
            if let Some(parent) = within(part) {
                *uses.entry((parent, term)).or_insert(0) += count;
            }
        }
        LabelCounter { communities: above, uses, ..self }
    }

    /// Up to `most` labels of each community, the most telling first.
    pub fn labels(&self, most: usize) -> Vec<Vec<String>> {
        let mut totals = vec![0u32; self.terms.len()];
        let mut said: Vec<Vec<(u32, u32)>> = vec![Vec::new(); self.communities.len()];
        for (&(community, term), &uses) in &self.uses {
            totals[term as usize] += uses;
            said[community as usize].push((term, uses));
        }
        let all = self.communities.iter().map(|one| one.people).sum();
        let label = |(community, said): (&Community, Vec<(u32, u32)>)| {
            let written = community.written().or(self.stop_words.english());
            let candidate = |(term, uses): (u32, u32)| {
                let total = totals[term as usize];
                let score = score([uses, community.people, total, all])?;
                self.tells(term, total, written).then_some(Candidate { term, uses, score })
            };
            self.best(said.into_iter().filter_map(candidate).collect(), most)
        };
        self.communities.iter().zip(said).map(label).collect()
    }

    /// Whether a term says something where these languages are written.
    fn tells(&self, term: u32, total: u32, written: Languages) -> bool {
        let term = &self.terms[term as usize];
        !term.stops.meet(written) || 2 * term.tagged >= total
    }

    /// The spellings of the best candidates; of equals, in the order of the alphabet.
    fn best(&self, candidates: Vec<Candidate>, most: usize) -> Vec<String> {
        let candidates = self.without_what_phrases_say(candidates);
        let spelling = |one: Candidate| (one.score, self.terms[one.term as usize].spelling());
        let mut spelled: Vec<(f64, &str)> = candidates.into_iter().map(spelling).collect();
        spelled.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let mut seen = HashSet::new();
        spelled.retain(|(_, spelling)| seen.insert(*spelling));
        spelled.into_iter().take(most).map(|(_, spelling)| spelling.to_owned()).collect()
    }

    /// Leaves out the words that are mostly said in a phrase, and the phrases that have none of those.
    fn without_what_phrases_say(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let uses: HashMap<u32, u32> = candidates.iter().map(|one| (one.term, one.uses)).collect();
        let mut covered: Vec<u32> = Vec::new();
        let says = |phrase: &Candidate, word: u32| {
            let alone = uses.get(&word).copied().unwrap_or(phrase.uses);
            f64::from(phrase.uses) > IN_PHRASE * f64::from(alone)
        };
        let phrase = |one: &Candidate| self.terms[one.term as usize].words;
        for one in &candidates {
            let words = phrase(one).into_iter().flatten();
            covered.extend(words.filter(|&word| says(one, word)));
        }
        let stays = |one: &Candidate| match phrase(one) {
            Some(words) => words.into_iter().any(|word| says(one, word)),
            None => !covered.contains(&one.term),
        };
        candidates.into_iter().filter(stays).collect()
    }
}

impl Term {
    /// The spelling of most.
    fn spelling(&self) -> &str {
        let most = self.spellings.iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        most.map_or("", |(spelling, _)| spelling)
    }
}

impl Community {
    /// The languages that are written in it.
    fn written(&self) -> Languages {
        let least = WRITTEN_MIN * f64::from(self.people);
        let written = self.languages.iter().filter(|(_, people)| f64::from(**people) >= least);
        written.map(|(&language, _)| language).collect()
    }
}

/// How well a term stands for a community: `uses` of its `people` say it, and `total` of `all`. `None`
/// if that may be chance.
fn score([uses, people, total, all]: [u32; 4]) -> Option<f64> {
    let by_chance = all > people && log_odds_bound([uses, people, total, all]) <= ODDS_MIN.ln();
    if by_chance || uses < PEOPLE_MIN.max(people.div_ceil(ONE_IN)) {
        return None;
    }
    let bound = |of: u32| lower_bound(f64::from(uses) / f64::from(of), f64::from(of));
    let (here, ours) = (bound(people), bound(total));
    Some(2.0 * here * ours / (here + ours))
}

/// The lower bound of the log odds ratio of saying a term here against elsewhere.
fn log_odds_bound([uses, people, total, all]: [u32; 4]) -> f64 {
    let elsewhere = total - uses;
    let cells = [uses, people - uses, elsewhere, (all - people) - elsewhere];
    let [a, b, c, d] = cells.map(|people| f64::from(people) + 0.5);
    (a * d / (b * c)).ln() - Z * (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter of people who say these, by community.
    fn counted(communities: u32, people: &[(u32, &str)]) -> LabelCounter {
        let mut counter = LabelCounter::new(communities);
        people.iter().for_each(|&(community, words)| counter.add(community, words));
        counter
    }

    fn labels(communities: u32, people: &[(u32, &str)]) -> Vec<Vec<String>> {
        counted(communities, people).labels(9)
    }

    /// The same words said by ten people of a community.
    fn ten(community: u32, words: &str) -> Vec<(u32, &str)> {
        vec![(community, words); 10]
    }

    #[test]
    fn what_sets_a_community_apart_and_nothing_else_is_said() {
        let people = [
            ten(0, "Rust, developer, coffee. https://ada.example.org @ada@example.org"),
            ten(1, "Gardening and coffee, bob@example.org"),
        ];
        let labels = labels(2, &people.concat());
        assert_eq!(labels[0], ["Rust", "developer"].map(String::from));
        assert_eq!(labels[1], ["Gardening"].map(String::from));
    }

    #[test]
    fn a_few_are_no_label_where_many_are() {
        let mut people = [ten(0, "chess"), ten(0, "chess"), ten(1, "go")].concat();
        people.extend([(0, "casino club chess"), (0, "casino club chess")]);
        assert_eq!(labels(2, &people)[0][0], "chess");
        // What three of a hundred say there and two elsewhere may be chance.
        let mut people = vec![(0, "chess"); 97];
        people.extend([(0, "weather"); 3]);
        people.extend([(1, "weather"); 2]);
        people.extend([(1, "music"); 98]);
        assert_eq!(labels(2, &people)[0], ["chess"]);
    }

    #[test]
    fn nobody_can_shout_a_label() {
        let shout = "casino ".repeat(500);
        assert_eq!(labels(1, &[(0, shout.as_str()), (0, "chess"), (0, "chess")]), [["chess"]]);
    }

    #[test]
    fn a_label_is_spelled_as_most_spell_it() {
        let people = [(0, "RUST"), (0, "Rust"), (0, "Rust"), (0, "rust"), (0, "Ru\u{ad}st")];
        assert_eq!(labels(1, &people)[0][0], "Rust");
    }

    #[test]
    fn a_phrase_takes_the_place_of_words_that_are_said_in_it() {
        let mut people = vec![(0, "machine learning"); 90];
        people.extend(ten(1, "chess games"));
        people.extend(ten(1, "games and puzzles"));
        let labels = labels(2, &people);
        assert_eq!(labels[0], ["machine learning"]);
        assert_eq!(labels[1], ["games", "chess games", "puzzles"]);
    }

    #[test]
    fn stop_words_are_dropped_where_their_language_is_written() {
        let people = [
            ten(0, "ich liebe die Musik und die Berge, aber nicht das Meer"),
            ten(1, "cat, dog, and photos with some of my friends"),
            ten(2, "#about #cats"),
        ];
        let labels = labels(3, &people.concat());
        assert_eq!(labels[0], ["Berge", "Meer", "Musik", "liebe"]);
        assert!(["cat", "dog", "photos"].iter().all(|word| labels[1].contains(&word.to_string())));
        assert_eq!(labels[2], ["about", "cats"], "a hashtag is meant");
    }

    #[test]
    fn the_level_above_counts_what_its_parts_do() {
        let people = [
            ten(0, "jazz music"),
            ten(1, "choral music"),
            ten(2, "bread baking"),
            ten(2, "cheese baking"),
        ]
        .concat();
        let joined: Vec<_> = people.iter().map(|&(at, words)| (at / 2, words)).collect();
        let above = counted(3, &people).above(&[0, 0, 1], 2);
        assert_eq!(above.labels(9), labels(2, &joined));
        assert_eq!(above.labels(9)[0][0], "music");
    }

    #[test]
    fn equal_input_in_any_order_gives_equal_labels() {
        let people =
            [(0, "alpha beta"), (0, "beta alpha gamma"), (1, "gamma delta"), (1, "delta gamma")];
        let mut reversed = people;
        reversed.reverse();
        assert_eq!(labels(2, &people), labels(2, &reversed));
    }

    #[test]
    fn the_rarest_are_forgotten_where_there_is_no_room() {
        let words: Vec<String> = (0..2_000).map(|n| format!("word{n} jazz music")).collect();
        let mut counter = LabelCounter { pairs_max: 100, ..LabelCounter::new(2) };
        words.iter().for_each(|words| counter.add(0, words));
        assert!(counter.uses.len() <= 100 && counter.terms.len() <= 200);
        assert_eq!(counter.words.len() + counter.phrases.len(), counter.terms.len());
        assert_eq!(counter.labels(9)[0], ["jazz music"]);
    }
}
