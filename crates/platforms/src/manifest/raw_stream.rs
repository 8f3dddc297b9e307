//! Streams as manifests write them.

use model::layer::{Direction, Layer};
use serde::Deserialize;

use super::raw::{ErrorRule, OneOrMany, Request, Texts};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) bearer: Option<String>,
    pub(super) header: Option<String>,
    pub(super) secret: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pager {
    pub(super) cursor: Option<Texts>,
    pub(super) link: Option<String>,
    #[serde(default)]
    pub(super) offset: bool,
    #[serde(default)]
    pub(super) page: bool,
    pub(super) until: Option<Texts>,
    pub(super) param: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stream {
    pub(super) about: String,
    pub(super) tested_by: String,
    #[serde(default)]
    pub(super) auth: Auth,
    pub(super) request: OneOrMany<Request>,
    #[serde(default)]
    pub(super) pager: Pager,
    pub(super) page_size: Option<u32>,
    pub(super) pages_per_visit: Option<u32>,
    pub(super) pages_max: Option<u32>,
    pub(super) records: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<ErrorRule>,
    pub(super) batch: Option<u32>,
    pub(super) missing: Option<String>,
    pub(super) for_each: Option<ForEach>,
    pub(super) profile: Option<Profile>,
    pub(super) list: Option<List>,
    pub(super) interactions: Option<Interactions>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForEach {
    pub(super) request: Request,
    #[serde(default)]
    pub(super) pager: Pager,
    pub(super) records: String,
    pub(super) item: Texts,
    pub(super) items_max: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) native_id: Option<Texts>,
    pub(super) handle: Option<Texts>,
    pub(super) local_id: Option<Texts>,
    pub(super) display_name: Option<Texts>,
    pub(super) bio: Option<Texts>,
    pub(super) avatar_url: Option<Texts>,
    pub(super) url: Option<Texts>,
    pub(super) followers: Option<Texts>,
    pub(super) following: Option<Texts>,
    pub(super) posts: Option<Texts>,
    pub(super) created_at: Option<Texts>,
    #[serde(default)]
    pub(super) kind: Vec<Rule<KindWord>>,
    #[serde(default)]
    pub(super) consent: Vec<Rule<ConsentWord>>,
    pub(super) consent_elsewhere: Option<ConsentElsewhere>,
    #[serde(default)]
    pub(super) gone: Vec<Rule<GoneWord>>,
    #[serde(default)]
    pub(super) websites: Vec<String>,
    #[serde(default)]
    pub(super) accounts: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentElsewhere {
    pub(super) when: String,
    pub(super) request: Request,
    pub(super) consent: Vec<Rule<ConsentWord>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule<T> {
    pub(super) when: String,
    pub(super) is: T,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    Person,
    Organisation,
    Bot,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConsentWord {
    Refused,
    Unlisted,
    WordsPrivate,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum GoneWord {
    Deleted,
    Suspended,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Who {
    pub(super) native_id: Option<Texts>,
    pub(super) handle: Option<Texts>,
    pub(super) local_id: Option<Texts>,
    #[serde(default)]
    pub(super) find: Vec<Find>,
}

/// By what a name that a record lacks is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Find {
    LocalId,
    Handle,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) layer: Layer,
    pub(super) direction: Direction,
    pub(super) hidden_if: Option<Counted>,
    pub(super) weight: Option<Texts>,
    pub(super) other: Who,
}

/// The count on a profile's page that says how long a list should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Counted {
    Followers,
    Following,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interactions {
    pub(super) id: Texts,
    pub(super) at: Option<Texts>,
    pub(super) arcs: Vec<ArcRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArcRule {
    pub(super) layer: Layer,
    #[serde(default)]
    pub(super) when: Vec<String>,
    pub(super) each: Option<String>,
    pub(super) other: Who,
}
