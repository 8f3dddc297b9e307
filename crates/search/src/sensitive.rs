//! Which sensitive topics a text names, by a kept list of words in many languages.
//!
//! Two questions are asked. [`topics`]: what is a community about, whose label this is? A wrong yes hides
//! too much. [`named`]: does a person say of itself that it has to do with a topic? There a wrong yes shows what
//! the person did not say: so addresses and mentions are left out, words that are a name as often as a
//! topic do not count, and a word that is denied ("no politics", "not a Muslim") does not either.
//!
//! The list is `sensitive/words.tsv`; [docs/sensitive.md](../../../docs/sensitive.md) describes it, and
//! what it does not find.

mod denial;
mod found;
mod glyphs;
mod lexicon;
mod scan;

use std::sync::LazyLock;

use model::sensitive::SensitiveTopics;

use crate::fold::Folding;
use crate::words::TextReading;
use glyphs::Glyphs;
use lexicon::SensitiveLexicon;
use scan::TermUse;

/// The list is folded once, and a text in the same way.
const FOLDING: Folding = Folding::NEWEST;

/// No phrase and no denial goes over the end of a line of a bio.
const ENDS_OF_LINES: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

static LEXICON: LazyLock<SensitiveLexicon> = LazyLock::new(SensitiveLexicon::load);

/// What a community is about of which this is a label, or a member's words. O(length).
///
/// ```
/// use model::sensitive::{SensitiveKind, SensitiveTopics};
///
/// let kinds = |text| search::sensitive::topics(text).kinds().collect::<Vec<_>>();
/// assert_eq!(kinds("Gewerkschafter, Köln"), [SensitiveKind::Unions]);
/// assert!(kinds("the European Union").is_empty());
/// assert_eq!(search::sensitive::topics("jazz"), SensitiveTopics::NONE);
/// ```
pub fn topics(text: &str) -> SensitiveTopics {
    read(text, TermUse::Label)
}

/// The topics that a person names in a text about itself. O(length).
///
/// ```
/// use search::sensitive::{named, topics};
///
/// assert!(!named("Catholic, baker").is_empty());
/// assert!(named("baker, see https://catholic.example and @catholic").is_empty());
/// assert!(named("no politics, please").is_empty() && !topics("no politics").is_empty());
/// ```
pub fn named(text: &str) -> SensitiveTopics {
    text.split(ENDS_OF_LINES).map(named_in_line).collect()
}

fn named_in_line(line: &str) -> SensitiveTopics {
    let tokens: Vec<&str> = line.split_whitespace().collect();
    let parts = tokens.split(|token| !is_own_word(token));
    parts.map(|part| read(&part.join(" "), TermUse::Naming)).collect()
}

/// What a community is about: what its run found, and what its labels name by today's list of words. So a word that is
/// added to the list holds at once, and in runs from before there was one.
pub fn about<'a>(
    found: SensitiveTopics,
    labels: impl IntoIterator<Item = &'a str>,
) -> SensitiveTopics {
    labels.into_iter().map(topics).fold(found, SensitiveTopics::union)
}

/// Whether a membership in a community about `topics` may be shown for a person with these public bios.
pub fn may_be_shown<'a>(topics: SensitiveTopics, bios: impl IntoIterator<Item = &'a str>) -> bool {
    topics.is_empty() || topics.are_named_by(bios.into_iter().map(named).collect())
}

fn read(text: &str, term_use: TermUse) -> SensitiveTopics {
    let readings = [TextReading::Parts, TextReading::Joined].into_iter();
    let readings = readings.filter_map(|reading| reading.of(FOLDING, text));
    let scans =
        readings.map(|folded| scan::scan(&Glyphs::of(&folded, FOLDING), &LEXICON, term_use));
    scans.map(|scan| scan.topics).collect()
}

/// Whether a part of a bio is no address and no name of an account.
fn is_own_word(token: &str) -> bool {
    let dotted = token.trim_matches(|c: char| !c.is_alphanumeric()).split('.');
    let is_host = dotted.clone().count() > 1 && dotted.clone().all(|label| !label.is_empty());
    !is_host && !token.contains(['@', '＠']) && !token.contains("://")
}

#[cfg(test)]
mod tests;
