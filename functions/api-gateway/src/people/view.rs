//! A person in answers: whole, or brief in lists.

use model::{PersonId, PersonKind, Platform};
use serde::Serialize;
use store::pg::score::PersonScore;
use utoipa::ToSchema;

use super::ListedPerson;
use crate::profiles::ProfileView;

/// One human, organisation or bot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// The person.
    #[schema(value_type = String, example = "per_2000000001")]
    id: PersonId,
    /// The person that this one was joined to: ask for that one.
    #[schema(value_type = Option<String>)]
    merged_into: Option<PersonId>,
    /// Who it is: person, organisation, bot or unknown.
    #[schema(value_type = String, example = "person")]
    kind: PersonKind,
    /// The name that it chose to show.
    name: Option<String>,
    /// Its accounts, joined by proof.
    profiles: Vec<ProfileView>,
    /// Its global scores; `null` if it is not in the run.
    score: Option<GlobalScore>,
}

/// How much attention and trust a person has in the whole world.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GlobalScore {
    /// Share of all attention; shares sum to 1.
    attention: f32,
    /// Attention on a logarithmic scale from 0 to 1000.
    score: u16,
    /// Place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Trust: what early, capped walks from many seeds agree on; `null` at or below the noise level.
    trust: Option<f32>,
    /// Whether its trust is at or below the noise level. All that this says is that few known people
    /// attend to it.
    too_little_known: bool,
}

/// A person in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PersonBrief {
    /// The person.
    #[schema(value_type = String, example = "per_2000000001")]
    id: PersonId,
    /// Who it is: person, organisation, bot or unknown.
    #[schema(value_type = String, example = "person")]
    kind: PersonKind,
    /// The name that it chose to show.
    name: Option<String>,
    /// The platform of its profile with the most followers.
    #[schema(value_type = Option<String>, example = "bluesky")]
    platform: Option<Platform>,
    /// Its handle there.
    handle: Option<String>,
    /// Where its picture is.
    avatar_url: Option<String>,
    /// Where people see that profile.
    url: Option<String>,
}

impl PersonView {
    pub(crate) fn new(person: ListedPerson, score: Option<PersonScore>) -> PersonView {
        let shown = person.merged_into.is_none();
        PersonView {
            id: person.id,
            merged_into: person.merged_into,
            kind: person.kind(),
            name: person.face().and_then(|face| face.texts.display_name.clone()),
            score: score.filter(|_| shown).map(GlobalScore::new),
            profiles: person.profiles.into_iter().filter(|_| shown).map(ProfileView::new).collect(),
        }
    }
}

impl GlobalScore {
    pub(crate) fn new(score: PersonScore) -> GlobalScore {
        let trust = score.known_trust();
        GlobalScore {
            attention: score.attention,
            score: score.score,
            rank: score.rank.map(Into::into),
            trust,
            too_little_known: trust.is_none(),
        }
    }
}

impl PersonBrief {
    pub(crate) fn new(person: &ListedPerson) -> PersonBrief {
        let face = person.face();
        PersonBrief {
            id: person.id,
            kind: person.kind(),
            name: face.and_then(|face| face.texts.display_name.clone()),
            platform: face.and_then(|face| face.id.platform()),
            handle: face.and_then(|face| face.handle.clone()),
            avatar_url: face.and_then(|face| face.texts.avatar_url.clone()),
            url: face.and_then(|face| face.texts.url.clone()),
        }
    }
}
