//! What a search finds: people and communities.

use model::Community;
use serde::Serialize;
use store::pg::score::PersonScore;
use utoipa::ToSchema;

use crate::community_view::CommunityView;
use crate::people::{ListedPerson, PersonBrief};

/// A person found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hit)]
pub(crate) struct SearchHit {
    /// `person`: who it is, a person, an organisation or a bot, says its `kind`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "person", pattern = "^person$")]
    kind: PersonTag,
    /// Who it is.
    person: PersonBrief,
    /// Whether the query is this person's handle or native id.
    exact: bool,
    /// Global place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Global attention on a logarithmic scale from 0 to 1000; `null` if it is not in the run.
    score: Option<u16>,
}

/// Says that a row is a person.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum PersonTag {
    Person,
}

/// A community found by the words of its labels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommunityHit {
    /// `community`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "community", pattern = "^community$")]
    kind: CommunityTag,
    /// Which it is.
    community: CommunityView,
}

/// Says that a row is a community.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum CommunityTag {
    Community,
}

/// What was found: `type` says what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FoundRow {
    /// A person, organisation or bot.
    Person(SearchHit),
    /// A community.
    Community(CommunityHit),
}

impl CommunityHit {
    pub(crate) fn new(community: Community) -> CommunityHit {
        CommunityHit { kind: CommunityTag::Community, community: CommunityView::new(community) }
    }
}

impl SearchHit {
    pub(crate) fn new(person: &ListedPerson, score: Option<PersonScore>, exact: bool) -> SearchHit {
        SearchHit {
            kind: PersonTag::Person,
            person: PersonBrief::new(person),
            exact,
            rank: score.and_then(|score| score.rank).map(Into::into),
            score: score.map(|score| score.score),
        }
    }
}
