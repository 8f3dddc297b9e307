//! What people write of themselves, for labels and for the search index.

use model::index::PersonIndex;
use model::{Consent, ProfileId};
use search::index::PublicWords;
use snapshot::Nodes;
use store::Pg;
use store::pg::snapshot::{ProfileWords, SnapshotReader};
use typed_index_collections::{TiVec, ti_vec};

use crate::ScoreError;

/// Profiles read at a time.
const PAGE: u32 = 2_000;

/// The words of all profiles as they are now, by id, page by page.
pub(super) struct WordPages {
    reader: SnapshotReader,
    after: Option<ProfileId>,
}

impl WordPages {
    pub(super) async fn open(pg: &Pg) -> Result<WordPages, ScoreError> {
        Ok(WordPages { reader: SnapshotReader::open(pg).await?, after: None })
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ProfileWords>>, ScoreError> {
        let page = self.reader.words(self.after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(last.id);
        Ok(Some(page))
    }
}

/// The words of every person's profiles that are there now.
pub(super) async fn by_person(
    pg: &Pg,
    nodes: &Nodes,
) -> Result<TiVec<PersonIndex, Vec<ProfileWords>>, ScoreError> {
    let mut pages = WordPages::open(pg).await?;
    let mut by_person: TiVec<PersonIndex, Vec<_>> = ti_vec![Vec::new(); nodes.people.len()];
    while let Some(page) = pages.next().await? {
        for words in page {
            if let Some(profile) = nodes.profile(words.id) {
                by_person[nodes.person_of[profile]].push(words);
            }
        }
    }
    Ok(by_person)
}

/// The bio of a profile that is listed and may be searched.
pub(super) fn public_bio(words: &ProfileWords) -> Option<&str> {
    let bio = words.bio.as_deref().filter(|bio| !bio.trim().is_empty());
    let is_open = words.consent.is_listed() && !words.consent.has(Consent::WORDS_PRIVATE);
    bio.filter(|_| is_open)
}

/// The same words as the search index takes them.
pub(super) fn public(words: &ProfileWords) -> PublicWords<'_> {
    PublicWords {
        handle: words.handle.as_deref(),
        display_name: words.display_name.as_deref(),
        bio: words.bio.as_deref(),
        consent: words.consent,
    }
}
