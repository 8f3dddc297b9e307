//! A profile in answers.

use model::profile_text::{ProfileText, ProfileTexts};
use model::time::Timestamp;
use model::{PersonId, PersonKind, Platform, ProfileId};
use serde::Serialize;
use store::pg::profile::Profile;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// One account on one platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileView {
    /// The profile.
    #[schema(value_type = String, example = "prf_2000000001")]
    id: ProfileId,
    /// The person that it belongs to.
    #[schema(value_type = String, example = "per_2000000001")]
    person: PersonId,
    /// The identity space.
    #[schema(value_type = Option<String>, example = "bluesky")]
    platform: Option<Platform>,
    /// The platform's stable id.
    native_id: Option<String>,
    /// The handle, as last seen.
    handle: Option<String>,
    #[serde(flatten)]
    #[schema(schema_with = texts_schema)]
    texts: ProfileTexts,
    /// How many attend to it, as the platform counts.
    followers: Option<u32>,
    /// To how many it attends, as the platform counts.
    following: Option<u32>,
    /// How many posts it has.
    posts: Option<u32>,
    /// Who is behind it: person, organisation, bot or unknown.
    #[schema(value_type = String, example = "person")]
    kind: PersonKind,
    /// When it came to be.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
    /// When it was last crawled; `null` if only its name was seen so far.
    #[schema(value_type = Option<String>, format = DateTime)]
    crawled_at: Option<Timestamp>,
}

impl ProfileView {
    pub(crate) fn new(profile: Profile) -> ProfileView {
        ProfileView {
            id: profile.id,
            person: profile.person,
            platform: profile.id.platform(),
            native_id: profile.native_id,
            handle: profile.handle,
            texts: profile.texts,
            followers: profile.followers,
            following: profile.following,
            posts: profile.posts,
            kind: profile.kind,
            created_at: profile.created_at,
            crawled_at: profile.crawled_at,
        }
    }
}

fn texts_schema() -> RefOr<Schema> {
    let mut texts = ObjectBuilder::new();
    for text in ProfileText::ALL {
        let form = SchemaType::from_iter([Type::String, Type::Null]);
        let schema = ObjectBuilder::new().schema_type(form).description(Some(text.meaning()));
        texts = texts.property(text.slug(), schema);
    }
    texts.into()
}

/// Whether a profile may be in answers.
pub(crate) fn is_listed(profile: &Profile) -> bool {
    profile.gone.is_none() && profile.consent.is_listed()
}
