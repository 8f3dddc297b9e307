//! A run's public words to the rows of its search index.
//!
//! Keys are of four kinds that cannot meet: `rust` is a word, `~ada` a word of a name or handle,
//! `@ada@example.org` a whole handle, `^ru`, `^~ad` and `^@ad` are heavy prefixes. Words hold letters, digits, marks and emoji
//! only.
//!
//! Consent: of a profile that is not listed nothing is in the index; of one whose words are private,
//! the handle and the shown name are, the bio is not.
//!
//! Memory while building: the rows themselves, about 1.5 bytes a posting and 100 a term.

use std::collections::HashMap;

use model::Consent;

use crate::fold::Folding;
use crate::postings::{PostingList, decode};
use crate::words;

mod heavy;

pub use heavy::{HEAVY_ABOVE, HEAVY_CHARS_MAX, HEAVY_KEPT};

/// Words of each reading. Most texts have fewer; a text without spaces has one for each character.
const HANDLE_WORDS_MAX: usize = 8;
const NAME_WORDS_MAX: usize = 64;
const BIO_WORDS_MAX: usize = 512;

/// Begins the key of a word of a name or handle.
pub(crate) const NAME: char = '~';

/// The words of one profile of a person.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublicWords<'a> {
    /// What people call it now.
    pub handle: Option<&'a str>,
    /// The name that its owner chose to show.
    pub display_name: Option<&'a str>,
    /// Its own words about itself.
    pub bio: Option<&'a str>,
    /// What its owner allows.
    pub consent: Consent,
}

/// One row of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// A word, `~` and a word of a name, `@` and a whole handle, or `^` and a heavy prefix.
    pub key: String,
    /// How many persons the row keeps: 1 to [`KEPT_MAX`](crate::postings::KEPT_MAX).
    pub count: u32,
    /// Their numbers, as [`crate::postings`].
    pub body: Vec<u8>,
}

impl IndexRow {
    fn new(key: String, postings: PostingList) -> IndexRow {
        let (count, body) = postings.into_parts();
        IndexRow { key, count, body }
    }

    /// The persons, ascending, that is the best trusted first.
    pub fn people(&self) -> Vec<u32> {
        decode(&self.body).unwrap_or_default()
    }
}

/// Why words cannot be indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Persons come by their number in the run, each once.
    #[error("person {person} comes after person {last}: add persons by ascending number")]
    OutOfOrder {
        /// The person that was to be added.
        person: u32,
        /// The one before it.
        last: u32,
    },
}

/// Collects the words of persons, best trusted first.
#[derive(Debug)]
pub struct IndexBuilder {
    folding: Folding,
    terms: HashMap<String, PostingList>,
    last: Option<u32>,
}

impl IndexBuilder {
    /// An empty index, whose words are folded in this way: new runs take [`Folding::NEWEST`].
    pub fn new(folding: Folding) -> IndexBuilder {
        IndexBuilder { folding, terms: HashMap::new(), last: None }
    }

    /// Adds the next person by number, with the words of those of its profiles that are listed.
    pub fn add(&mut self, person: u32, profiles: &[PublicWords<'_>]) -> Result<(), IndexError> {
        if let Some(last) = self.last.filter(|&last| last >= person) {
            return Err(IndexError::OutOfOrder { person, last });
        }
        self.last = Some(person);
        let listed = profiles.iter().filter(|profile| profile.consent.is_listed());
        let terms = listed.flat_map(|profile| terms_of(self.folding, profile));
        terms.for_each(|term| self.terms.entry(term).or_default().push(person));
        Ok(())
    }

    /// The rows, by key.
    pub fn finish(self) -> Vec<IndexRow> {
        let terms = self.terms.into_iter();
        let mut rows: Vec<IndexRow> = terms.map(|(key, found)| IndexRow::new(key, found)).collect();
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let heavy = heavy::rows(&rows);
        rows.extend(heavy);
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        rows
    }
}

fn terms_of(folding: Folding, profile: &PublicWords<'_>) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    if let Some(handle) = profile.handle {
        terms.extend(words::of_handle(folding, handle, HANDLE_WORDS_MAX));
    }
    if let Some(name) = profile.display_name {
        terms.extend(words::indexed(folding, name, NAME_WORDS_MAX));
    }
    let names: Vec<String> = terms.iter().map(|word| format!("{NAME}{word}")).collect();
    terms.extend(names);
    if let Some(handle) = profile.handle {
        terms.push(format!("@{}", words::whole_handle(folding, handle)));
    }
    if let Some(bio) = profile.bio.filter(|_| !profile.consent.has(Consent::WORDS_PRIVATE)) {
        terms.extend(words::indexed(folding, bio, BIO_WORDS_MAX));
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(consent: Consent) -> Vec<String> {
        let ada = PublicWords {
            handle: Some("ada@example.org"),
            display_name: Some("Ada L."),
            bio: Some("engines"),
            consent,
        };
        let mut builder = IndexBuilder::new(Folding::NEWEST);
        builder.add(7, &[ada]).unwrap();
        builder.finish().into_iter().map(|row| row.key).collect()
    }

    #[test]
    fn consent_decides_which_words_are_there() {
        assert_eq!(
            keys(Consent::default()),
            ["@ada@example.org", "ada", "engines", "l", "~ada", "~l"]
        );
        assert_eq!(keys(Consent::WORDS_PRIVATE), ["@ada@example.org", "ada", "l", "~ada", "~l"]);
        assert!(keys(Consent::UNLISTED).is_empty());
        assert!(keys(Consent::REFUSED).is_empty());
    }

    #[test]
    fn a_person_is_found_by_its_listed_profiles_alone() {
        let shown = PublicWords { handle: Some("ada"), ..PublicWords::default() };
        let hidden = PublicWords { handle: Some("eve"), consent: Consent::UNLISTED, ..shown };
        let mut builder = IndexBuilder::new(Folding::NEWEST);
        builder.add(0, &[shown, hidden]).unwrap();
        let keys: Vec<String> = builder.finish().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["@ada", "ada", "~ada"]);
    }

    #[test]
    fn persons_come_ascending_and_count_once_a_term() {
        let ada = PublicWords { display_name: Some("ada Ada"), ..PublicWords::default() };
        let mut builder = IndexBuilder::new(Folding::NEWEST);
        builder.add(3, &[ada, ada]).unwrap();
        builder.add(9, &[ada]).unwrap();
        assert_eq!(builder.add(9, &[ada]), Err(IndexError::OutOfOrder { person: 9, last: 9 }));
        let rows = builder.finish();
        assert_eq!(rows.len(), 2, "one of the words, one of the names");
        assert_eq!(rows[0].people(), [3, 9]);
    }
}
