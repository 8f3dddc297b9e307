//! What people say of themselves, by person, for labels and for the search index.

use model::Consent;
use search::index::PublicWords;
use store::Pg;
use store::pg::snapshot::{Reader, Words};

use crate::ScoreError;
use crate::snapshot::Nodes;

/// Profiles read at a time.
const PAGE: u32 = 2_000;

/// The words of every person's profiles that are there now, by dense person.
pub(super) async fn by_person(pg: &Pg, nodes: &Nodes) -> Result<Vec<Vec<Words>>, ScoreError> {
    let reader = Reader::open(pg).await?;
    let mut by_person = vec![Vec::new(); nodes.people.len()];
    let mut after = None;
    loop {
        let page = reader.words(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(by_person) };
        after = Some(last.id);
        for words in page {
            if let Some(dense) = nodes.profile(words.id) {
                by_person[nodes.person_of[dense as usize] as usize].push(words);
            }
        }
    }
}

/// What one person says of itself, where it is listed, and lets be searched, as one text.
pub(super) fn told(words: &[Words]) -> String {
    let is_open =
        |words: &&Words| words.consent.is_listed() && !words.consent.has(Consent::WORDS_PRIVATE);
    let open = words.iter().filter(is_open);
    open.filter_map(|words| words.bio.as_deref()).collect::<Vec<_>>().join(" ")
}

/// The same words as the search index takes them.
pub(super) fn public(words: &Words) -> PublicWords<'_> {
    PublicWords {
        handle: words.handle.as_deref(),
        display_name: words.display_name.as_deref(),
        bio: words.bio.as_deref(),
        consent: words.consent,
    }
}
