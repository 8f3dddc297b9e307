//! A query to the rows that it needs, and those rows to persons in order.
//!
//! The language: words must all be there; the last one may be the beginning of a word, unless it
//! stands in quotation marks; `@ada` asks for handles that begin so; `bluesky:ada.example` names
//! one account. A query without spaces also asks for handles that begin with it. Where a query can
//! be read in several ways ([`TextReading`]), people are found that any of them finds.
//!
//! Results come best trusted first (ascending numbers). What is capped, and what that means: a
//! term finds its [`KEPT_MAX`](crate::postings::KEPT_MAX) best trusted persons; a prefix alone
//! finds the [`HEAVY_KEPT`](crate::index::HEAVY_KEPT) best trusted and everybody with that very
//! word; a prefix of three bytes and more beside other words finds in addition the persons of
//! the first [`PREFIX_TERMS_MAX`] terms that begin with it, so more letters find more.

use std::collections::{BTreeMap, BTreeSet};

use model::account::{Account, AccountError};
use model::platform::Platform;

use crate::fold::Folding;
use crate::found::{AllOf, AnyOf, FoundPeople};
use crate::index::NAME;
use crate::postings::PostingListError;
use crate::words::{self, TextReading};

/// The longest query, in characters. It has no more words than that.
pub const QUERY_CHARS_MAX: usize = 128;
/// The most terms to read that begin with one prefix, the first of them in byte order.
pub const PREFIX_TERMS_MAX: u32 = 512;
/// From this length on, a heavy prefix beside other words is looked up term by term: three Latin
/// letters, or one character of a script without spaces, say enough.
const BESIDE_BYTES_MIN: usize = 3;
/// A prefix with this is the first of all texts that are longer: no text has the character before it.
const AFTER: char = '\u{1}';

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// More characters than are read.
    #[error("the query has {0} characters: at most {QUERY_CHARS_MAX} are read")]
    TooLong(usize),
    /// Nothing to look for.
    #[error("the query has no letter, digit or emoji in it")]
    NoWord,
    /// It has a platform's name before a colon, but names no account.
    #[error("{0}")]
    BadAccount(AccountError),
}

/// An account that the query may mean exactly; such a person is found first, listed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactAccount {
    /// The platform, if the query names one; else any.
    pub platform: Option<Platform>,
    /// A handle or native id as asked for, without a leading `@`.
    pub handle: String,
}

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum QueryTerm {
    Word(String),
    Prefix(String),
}

/// Index rows by key, as [`crate::postings`]: what the store answered.
pub type IndexRows = BTreeMap<String, Vec<u8>>;

/// What a query means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlan {
    exact: Option<ExactAccount>,
    any: Vec<Vec<QueryTerm>>,
}

impl QueryPlan {
    /// Reads a query to a run whose words are folded by `folding`.
    pub fn parse(query: &str, folding: Folding) -> Result<QueryPlan, QueryError> {
        let chars = query.chars().count();
        if chars > QUERY_CHARS_MAX {
            return Err(QueryError::TooLong(chars));
        }
        let query = query.trim();
        if let Some(account) = account(query)? {
            let exact = ExactAccount { platform: Some(account.platform), handle: account.handle };
            return Ok(QueryPlan { exact: Some(exact), any: Vec::new() });
        }
        let exact = exact(query);
        let mut any: Vec<Vec<QueryTerm>> =
            exact.iter().map(|exact| vec![handle(folding, exact)]).collect();
        if !query.starts_with('@') {
            for reading in TextReading::ALL {
                any.extend(words_of(folding, reading, query));
            }
        }
        any.retain(|all| !all.is_empty());
        if any.is_empty() { Err(QueryError::NoWord) } else { Ok(QueryPlan { exact, any }) }
    }

    /// Reads what was typed so far of a name or handle: words of bios do not count, and an account is a
    /// handle that is not whole yet.
    pub fn of_names(query: &str, folding: Folding) -> Result<QueryPlan, QueryError> {
        let handle = query
            .trim()
            .split_once(':')
            .filter(|(platform, _)| platform.parse::<Platform>().is_ok());
        let handle =
            handle.map(|(_, handle)| format!("@{}", handle.trim().trim_start_matches('@')));
        let mut plan = QueryPlan::parse(handle.as_deref().unwrap_or(query), folding)?;
        plan.any.iter_mut().flatten().for_each(QueryTerm::take_names);
        Ok(QueryPlan { exact: None, ..plan })
    }

    /// The account that the query may name exactly.
    pub fn exact(&self) -> Option<&ExactAccount> {
        self.exact.as_ref()
    }

    /// The keys of the rows to get first.
    pub fn keys(&self) -> Vec<String> {
        let keys: BTreeSet<String> = self.any.iter().flatten().flat_map(QueryTerm::keys).collect();
        keys.into_iter().collect()
    }

    /// The ranges of keys to get next, as (first, past the last), at most [`PREFIX_TERMS_MAX`]
    /// rows of each: what is longer than the prefixes for which `rows` has no row of their own, and than
    /// those beside other words. Rows of the prefixes themselves are among [`QueryPlan::keys`].
    pub fn ranges(&self, rows: &IndexRows) -> Vec<(String, String)> {
        let needed = |all: &Vec<QueryTerm>| {
            let beside = all.len() > 1;
            all.iter().filter_map(|ask| ask.light(rows, beside)).collect::<Vec<_>>()
        };
        let prefixes: BTreeSet<String> = self.any.iter().flat_map(needed).collect();
        let range = |prefix| (format!("{prefix}{AFTER}"), format!("{prefix}{}", char::MAX));
        prefixes.into_iter().map(range).collect()
    }

    /// The same if they do not depend on rows, so that all can be got at once.
    pub fn certain_ranges(&self) -> Option<Vec<(String, String)>> {
        let is_certain = |all: &Vec<QueryTerm>| all.iter().all(|ask| ask.is_certain(all.len() > 1));
        self.any.iter().all(is_certain).then(|| self.ranges(&IndexRows::new()))
    }

    /// The persons found in `rows`, best trusted first.
    pub fn people<'a>(&self, rows: &'a IndexRows) -> Result<FoundPeople<'a>, PostingListError> {
        let all_of = |asks: &Vec<QueryTerm>| {
            let lists: Result<_, _> =
                asks.iter().map(|ask| AnyOf::new(ask.bodies(rows).into_iter())).collect();
            Ok(AllOf::new(lists?))
        };
        let any: Result<_, PostingListError> = self.any.iter().map(all_of).collect();
        Ok(FoundPeople::new(any?))
    }
}

/// The account, where the query begins with a platform's name and a colon.
fn account(query: &str) -> Result<Option<Account>, QueryError> {
    let named = query.split_once(':').filter(|(platform, _)| platform.parse::<Platform>().is_ok());
    named.map(|_| query.parse().map_err(QueryError::BadAccount)).transpose()
}

/// A query of one piece may be a handle.
fn exact(query: &str) -> Option<ExactAccount> {
    let handle = query.strip_prefix('@').unwrap_or(query);
    let one_piece = handle.contains(char::is_alphanumeric)
        && !handle.contains(|c: char| c.is_whitespace() || c == '"');
    one_piece.then(|| ExactAccount { platform: None, handle: handle.to_owned() })
}

fn handle(folding: Folding, exact: &ExactAccount) -> QueryTerm {
    QueryTerm::Prefix(format!("@{}", words::whole_handle(folding, &exact.handle)))
}

/// The words outside and inside of quotation marks, read in one way; the last one, if outside, is a
/// prefix. `None` if the reading is no other than the first.
fn words_of(folding: Folding, reading: TextReading, query: &str) -> Option<Vec<QueryTerm>> {
    let (mut asks, mut other) = (Vec::new(), reading == TextReading::Parts);
    let last = query.matches('"').count();
    for (index, piece) in query.split('"').enumerate() {
        let read = |reading| words::of_query(folding, reading, piece, QUERY_CHARS_MAX);
        let found = read(reading);
        other |= found.is_some();
        let found = found.or_else(|| read(TextReading::Parts)).unwrap_or_default();
        let mut found = found.concat();
        let open_end = index % 2 == 0 && index == last;
        let prefix = if open_end { found.pop() } else { None };
        asks.extend(found.into_iter().map(|word| QueryTerm::of(folding, word)));
        asks.extend(prefix.map(QueryTerm::Prefix));
    }
    other.then_some(asks)
}

impl QueryTerm {
    /// A whole word; but a single character of a run is the beginning of its pairs.
    fn of(folding: Folding, word: String) -> QueryTerm {
        if words::is_piece(folding, &word) {
            QueryTerm::Prefix(word)
        } else {
            QueryTerm::Word(word)
        }
    }

    /// Asks for a word of a name in place of any word; a handle stays.
    fn take_names(&mut self) {
        let (QueryTerm::Word(word) | QueryTerm::Prefix(word)) = self;
        if !word.starts_with('@') {
            word.insert(0, NAME);
        }
    }

    fn keys(&self) -> Vec<String> {
        match self {
            QueryTerm::Word(word) => vec![word.clone()],
            QueryTerm::Prefix(prefix) => vec![prefix.clone(), format!("^{prefix}")],
        }
    }

    /// The prefix, if its terms are needed one by one.
    fn light(&self, rows: &IndexRows, beside: bool) -> Option<String> {
        let QueryTerm::Prefix(prefix) = self else { return None };
        let heavy = || rows.contains_key(&format!("^{prefix}"));
        (self.is_certain(beside) || !heavy()).then(|| prefix.clone())
    }

    /// Whether it is known without rows which ones it needs.
    fn is_certain(&self, beside: bool) -> bool {
        match self {
            QueryTerm::Word(_) => true,
            QueryTerm::Prefix(prefix) => beside && prefix.len() >= BESIDE_BYTES_MIN,
        }
    }

    fn bodies<'a>(&self, rows: &'a IndexRows) -> Vec<&'a [u8]> {
        let bodies: Vec<&Vec<u8>> = match self {
            QueryTerm::Word(word) => rows.get(word).into_iter().collect(),
            QueryTerm::Prefix(prefix) => {
                let began = rows.range(prefix.clone()..);
                let began = began.take_while(|(key, _)| key.starts_with(prefix.as_str()));
                let heavy = rows.get(&format!("^{prefix}"));
                began.map(|(_, body)| body).chain(heavy).collect()
            }
        };
        bodies.into_iter().map(Vec::as_slice).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postings::PostingList;

    fn body(people: &[u32]) -> Vec<u8> {
        people.iter().copied().collect::<PostingList>().into_parts().1
    }

    fn plan(query: &str) -> QueryPlan {
        QueryPlan::parse(query, Folding::NEWEST).unwrap()
    }

    #[test]
    fn the_last_word_is_a_prefix_unless_it_is_quoted() {
        assert_eq!(plan("Rust compi").keys(), ["^compi", "compi", "rust"]);
        assert_eq!(plan("\"rust lang\"").keys(), ["lang", "rust"]);
        assert_eq!(plan("\"rust\" lan").keys(), ["^lan", "lan", "rust"]);
    }

    #[test]
    fn names_are_asked_for_apart_from_other_words() {
        let names = |query: &str| QueryPlan::of_names(query, Folding::NEWEST).unwrap();
        assert_eq!(names("Ada lov").keys(), ["^~lov", "~ada", "~lov"]);
        assert_eq!(names("ada").keys(), ["@ada", "^@ada", "^~ada", "~ada"]);
        assert_eq!(names("ada").exact(), None);
        for typed in ["@ad", "bluesky:ad", "Bluesky:@ad"] {
            assert_eq!(names(typed).keys(), ["@ad", "^@ad"], "{typed}");
        }
        let of_names = |query: &str| QueryPlan::of_names(query, Folding::NEWEST);
        assert_eq!(of_names("bluesky:"), Err(QueryError::NoWord));
    }

    #[test]
    fn one_piece_is_also_a_handle() {
        let query = plan("ada.exam");
        assert_eq!(query.keys(), ["@ada.exam", "^@ada.exam", "^exam", "ada", "exam"]);
        assert_eq!(query.exact().unwrap().handle, "ada.exam");
        assert_eq!(plan("@Ada").keys(), ["@ada", "^@ada"]);
        assert_eq!(plan("ada lovelace").exact(), None);
    }

    #[test]
    fn a_query_is_read_in_each_way_that_is_another() {
        let query = plan("Müller-Lüdenscheid x");
        assert_eq!(query.any.len(), 3);
        let joined: Vec<_> = query.any[1].iter().flat_map(QueryTerm::keys).collect();
        assert_eq!(joined, ["mullerludenscheid", "x", "^x"]);
        let spelled: Vec<_> = query.any[2].iter().flat_map(QueryTerm::keys).collect();
        assert_eq!(spelled, ["mueller", "luedenscheid", "x", "^x"]);
        assert_eq!(plan("\"O'Brien\" Ng").any.len(), 2);
    }

    #[test]
    fn one_character_of_a_run_is_the_beginning_of_its_pairs() {
        assert_eq!(plan("김 민수").keys(), ["^김", "^민수", "김", "민수"]);
        assert_eq!(plan("\"김\" a").keys(), ["^a", "^김", "a", "김"]);
    }

    #[test]
    fn a_query_is_folded_as_the_run_is() {
        let keys = |folding| QueryPlan::parse("\"Łódź\"", folding).unwrap().keys();
        assert_eq!(keys(Folding::V1), ["łodz"]);
        assert_eq!(keys(Folding::V2), ["lodz"]);
    }

    #[test]
    fn a_platform_and_a_colon_name_one_account() {
        let exact = plan("mastodon:@ada@example.org").exact().cloned().unwrap();
        assert_eq!(exact.platform, Some(Platform::FEDIVERSE));
        assert_eq!(exact.handle, "ada@example.org");
        assert!(plan("bluesky:ada").keys().is_empty());
        assert!(matches!(
            QueryPlan::parse("bluesky:a b", Folding::NEWEST),
            Err(QueryError::BadAccount(_))
        ));
    }

    #[test]
    fn what_is_no_query_says_why() {
        let parse = |query: &str| QueryPlan::parse(query, Folding::NEWEST);
        assert_eq!(parse(" !? \0"), Err(QueryError::NoWord));
        assert_eq!(parse("@"), Err(QueryError::NoWord));
        assert_eq!(parse(&"a".repeat(129)), Err(QueryError::TooLong(129)));
        assert!(parse("a b c d e f g h").is_ok());
        assert!(parse("気候変動に関する政府間パネルの報告").is_ok());
    }

    #[test]
    fn a_heavy_prefix_is_looked_up_term_by_term_only_beside_other_words() {
        let heavy =
            IndexRows::from([("^rus".to_owned(), body(&[1, 2])), ("^r".to_owned(), body(&[1]))]);
        let first = |query: &str| -> Vec<String> {
            let ranges = plan(query).ranges(&heavy).into_iter();
            ranges.map(|(first, _)| first.replace(AFTER, "…")).collect()
        };
        assert_eq!(first("ada rus"), ["rus…"]);
        assert!(first("ada r").is_empty());
        assert_eq!(first("rus"), ["@rus…"]);
        let found: Result<Vec<u32>, _> = plan("rus").people(&heavy).unwrap().collect();
        assert_eq!(found, Ok(vec![1, 2]));
        assert_eq!(first("rust"), ["@rust…", "rust…"]);
        let all = |query: &str| plan(query).certain_ranges();
        assert_eq!(all("ada rus"), Some(plan("ada rus").ranges(&heavy)));
        assert_eq!((all("\"rus\""), all("ada r"), all("rus")), (Some(vec![]), None, None));
    }

    #[test]
    fn a_broken_row_is_an_error_once_it_is_reached() {
        let rows = IndexRows::from([("ada".to_owned(), vec![1, 0x80])]);
        let mut found = plan("\"ada\"").people(&rows).unwrap();
        assert_eq!(found.next(), Some(Ok(1)));
        assert!(matches!(found.next(), Some(Err(PostingListError::Broken(_)))));
        assert_eq!(found.next(), None);
    }
}
