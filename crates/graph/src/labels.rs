//! Words that set a community apart: class-based TF-IDF over what its people say of themselves.
//!
//! `weight(t, c) = people(t, c) / people(c) · ln(1 + mean / people(t))` where `people(t, c)` counts
//! the people of `c` who use `t`, each once, `people(t)` sums over all communities and `mean` is
//! the mean number of uses in a community (Grootendorst 2022, with people in the place of
//! occurrences, so that nobody can shout a label). A term needs two people and a hundredth of the
//! community. Time O(words), memory O(distinct pairs of term and community).

use std::collections::{BTreeSet, HashMap};

/// Terms taken of one person.
const TERMS_MAX: usize = 64;

/// The shortest and longest word, in characters.
const CHARS: std::ops::RangeInclusive<usize> = 3..=30;

/// Words of many languages that say nothing: they would pass where bios are few.
const STOP_WORDS: &[&str] = &[
    "about", "account", "all", "and", "are", "auf", "aus", "but", "com", "con", "das", "del",
    "der", "des", "die", "ein", "eine", "est", "for", "from", "good", "has", "have", "her", "here",
    "his", "http", "https", "ich", "into", "ist", "its", "just", "les", "los", "mais", "mit",
    "mon", "mostly", "not", "nur", "official", "only", "our", "own", "para", "por", "pour", "que",
    "she", "some", "sur", "that", "the", "their", "them", "they", "this", "und", "une", "von",
    "was", "what", "who", "with", "www", "you", "your",
];

/// Counts who says what in the communities of one level.
#[derive(Debug, Clone, Default)]
pub struct LabelCounter {
    terms: HashMap<String, u32>,
    uses: HashMap<(u32, u32), u32>,
    people: Vec<u32>,
}

impl LabelCounter {
    /// A counter for communities `0..communities`.
    pub fn new(communities: u32) -> LabelCounter {
        LabelCounter { people: vec![0; communities as usize], ..LabelCounter::default() }
    }

    /// Adds one person: its community and its words.
    pub fn add(&mut self, community: u32, words: &str) {
        self.people[community as usize] += 1;
        for term in terms(words) {
            let next = self.terms.len() as u32;
            let number = *self.terms.entry(term).or_insert(next);
            *self.uses.entry((community, number)).or_insert(0) += 1;
        }
    }

    /// Up to `most` labels of each community, the most telling first.
    pub fn labels(&self, most: usize) -> Vec<Vec<String>> {
        let mut totals = vec![0u32; self.terms.len()];
        self.uses.iter().for_each(|(&(_, term), &uses)| totals[term as usize] += uses);
        let all: u64 = totals.iter().map(|&total| u64::from(total)).sum();
        let mean = all as f64 / self.people.len().max(1) as f64;
        let mut names: Vec<&str> = vec![""; self.terms.len()];
        self.terms.iter().for_each(|(term, &number)| names[number as usize] = term);
        let mut weighed: Vec<Vec<(f64, &str)>> = vec![Vec::new(); self.people.len()];
        for (&(community, term), &uses) in &self.uses {
            let people = self.people[community as usize];
            if uses >= 2 && uses >= people.div_ceil(100) {
                let rarity = (mean / f64::from(totals[term as usize])).ln_1p();
                let weight = f64::from(uses) / f64::from(people) * rarity;
                weighed[community as usize].push((weight, names[term as usize]));
            }
        }
        weighed.into_iter().map(|terms| best(terms, most)).collect()
    }
}

/// The heaviest, ties in the order of the alphabet.
fn best(mut terms: Vec<(f64, &str)>, most: usize) -> Vec<String> {
    terms.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    terms.into_iter().take(most).map(|(_, term)| term.to_owned()).collect()
}

/// The distinct words of a text, in lower case; of scripts without spaces, pairs of characters.
fn terms(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .flat_map(cut)
        .filter(|term| !STOP_WORDS.contains(&term.as_str()))
        .take(TERMS_MAX)
        .collect()
}

fn cut(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    if chars.iter().any(|&c| is_ideograph(c)) {
        return chars.windows(2).map(|pair| pair.iter().collect()).collect();
    }
    let useful = CHARS.contains(&chars.len()) && !chars.iter().all(char::is_ascii_digit);
    if useful { vec![word.to_owned()] } else { Vec::new() }
}

/// Han, Hiragana, Katakana and Hangul, which are written without spaces between words, or whose
/// short words carry endings.
const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sets_a_community_apart_comes_first() {
        let mut counter = LabelCounter::new(2);
        for at in 0..10 {
            counter.add(0, &format!("Rust developer, coffee. person{at}"));
            counter.add(1, "gardening and coffee");
        }
        let labels = counter.labels(2);
        assert_eq!(labels[0], ["developer", "rust"]);
        assert_eq!(labels[1][0], "gardening");
    }

    #[test]
    fn nobody_can_shout_a_label() {
        let mut counter = LabelCounter::new(1);
        counter.add(0, &"casino ".repeat(500));
        counter.add(0, "chess");
        counter.add(0, "chess");
        assert_eq!(counter.labels(5), [vec!["chess"]]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert!(terms("気候変動").contains("気候"));
        assert_eq!(terms("the and 2024 ab").len(), 0);
    }

    #[test]
    fn equal_input_in_any_order_gives_equal_labels() {
        let people =
            [(0, "alpha beta"), (0, "beta alpha gamma"), (1, "gamma delta"), (1, "delta gamma")];
        let count = |order: &mut dyn Iterator<Item = &(u32, &str)>| {
            let mut counter = LabelCounter::new(2);
            order.for_each(|&(community, words)| counter.add(community, words));
            counter.labels(9)
        };
        assert_eq!(count(&mut people.iter()), count(&mut people.iter().rev()));
    }
}
