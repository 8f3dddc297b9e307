//! Streams as manifests write them.

use model::layer::{Direction, Layer};
use model::profile_text::ProfileTexts;
use serde::Deserialize;

use super::raw_request::{OneOrMany, RawErrorRule, RawRequest, SelectorTexts};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    pub(super) bearer: Option<String>,
    pub(super) header: Option<String>,
    pub(super) secret: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPager {
    pub(super) cursor: Option<SelectorTexts>,
    pub(super) link: Option<String>,
    #[serde(default)]
    pub(super) offset: bool,
    #[serde(default)]
    pub(super) page: bool,
    pub(super) until: Option<SelectorTexts>,
    pub(super) param: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStream {
    pub(super) about: String,
    pub(super) tested_by: String,
    #[serde(default)]
    pub(super) auth: RawAuth,
    pub(super) request: OneOrMany<RawRequest>,
    #[serde(default)]
    pub(super) pager: RawPager,
    pub(super) page_size: Option<u32>,
    pub(super) pages_per_visit: Option<u32>,
    pub(super) pages_max: Option<u32>,
    pub(super) records: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<RawErrorRule>,
    pub(super) batch: Option<u32>,
    pub(super) missing: Option<String>,
    pub(super) for_each: Option<RawForEach>,
    pub(super) profile: Option<RawProfile>,
    pub(super) list: Option<RawList>,
    pub(super) interactions: Option<RawInteractions>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForEach {
    pub(super) request: RawRequest,
    #[serde(default)]
    pub(super) pager: RawPager,
    pub(super) records: String,
    pub(super) item: SelectorTexts,
    pub(super) items_max: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    pub(super) native_id: Option<SelectorTexts>,
    pub(super) handle: Option<SelectorTexts>,
    pub(super) local_id: Option<SelectorTexts>,
    #[serde(flatten)]
    pub(super) texts: ProfileTexts<SelectorTexts>,
    pub(super) followers: Option<SelectorTexts>,
    pub(super) following: Option<SelectorTexts>,
    pub(super) posts: Option<SelectorTexts>,
    pub(super) created_at: Option<SelectorTexts>,
    #[serde(default)]
    pub(super) kind: Vec<RawRecordRule<KindWord>>,
    #[serde(default)]
    pub(super) consent: Vec<RawRecordRule<ConsentWord>>,
    pub(super) consent_elsewhere: Option<RawConsentElsewhere>,
    #[serde(default)]
    pub(super) gone: Vec<RawRecordRule<GoneWord>>,
    #[serde(default)]
    pub(super) websites: Vec<String>,
    #[serde(default)]
    pub(super) accounts: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsentElsewhere {
    pub(super) when: String,
    pub(super) request: RawRequest,
    pub(super) consent: Vec<RawRecordRule<ConsentWord>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecordRule<T> {
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
pub(super) struct RawNameSelectors {
    pub(super) native_id: Option<SelectorTexts>,
    pub(super) handle: Option<SelectorTexts>,
    pub(super) local_id: Option<SelectorTexts>,
    #[serde(default)]
    pub(super) find: Vec<FindBy>,
}

/// What a name that a record lacks is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FindBy {
    LocalId,
    Handle,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub(super) layer: Layer,
    pub(super) direction: Direction,
    pub(super) hidden_if: Option<CountField>,
    pub(super) weight: Option<SelectorTexts>,
    pub(super) other: RawNameSelectors,
}

/// The count on a profile's page that says how long a list should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CountField {
    Followers,
    Following,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInteractions {
    pub(super) id: SelectorTexts,
    pub(super) at: Option<SelectorTexts>,
    pub(super) arcs: Vec<RawArcRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArcRule {
    pub(super) layer: Layer,
    #[serde(default)]
    pub(super) when: Vec<String>,
    pub(super) each: Option<String>,
    pub(super) other: RawNameSelectors,
}
