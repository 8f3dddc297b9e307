//! Streams as manifests write them.

use model::layer::{Direction, Layer};
use model::profile_text::ProfileTexts;
use schemars::JsonSchema;
use serde::Deserialize;

use super::raw_request::{OneOrMany, RawErrorRule, RawRequest, SelectorTexts};
use super::schema_parts::{direction, layer, profile_texts};

/// How requests prove who sends them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    /// The name of the secret that is sent as a bearer token.
    pub(super) bearer: Option<String>,
    /// The header in which a secret is sent.
    pub(super) header: Option<String>,
    /// The name of the secret that is sent in the header.
    pub(super) secret: Option<String>,
}

/// How the next page is asked for; its value is `{cursor}` in the request.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPager {
    /// Where a page has the cursor of the next one.
    pub(super) cursor: Option<SelectorTexts>,
    /// `next`: the Link header has it.
    pub(super) link: Option<String>,
    /// How many records were read.
    #[serde(default)]
    pub(super) offset: bool,
    /// Pages are numbered, from 1.
    #[serde(default)]
    pub(super) page: bool,
    /// The id of the last record.
    pub(super) until: Option<SelectorTexts>,
    /// The field of the query that `until` takes where there is no Link header.
    pub(super) param: Option<String>,
}

/// One kind of list that a platform offers for a profile: exactly one of `profile`, `list` and `interactions`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStream {
    /// What it is, in a few words.
    pub(super) about: String,
    /// What proves that it works.
    pub(super) tested_by: String,
    /// How its requests prove who sends them.
    #[serde(default)]
    pub(super) auth: RawAuth,
    /// The request, or several: the first whose names are all known is sent.
    pub(super) request: OneOrMany<RawRequest>,
    /// How the next page is asked for.
    #[serde(default)]
    pub(super) pager: RawPager,
    /// The records to ask for: `{page_size}`; 100 if not given.
    pub(super) page_size: Option<u32>,
    /// After how many pages a visit pauses; 50 if not given.
    pub(super) pages_per_visit: Option<u32>,
    /// After how many pages a list ends as incomplete; 1000 if not given.
    pub(super) pages_max: Option<u32>,
    /// Where a page has the records; `.` where it is the list, and if not given.
    pub(super) records: Option<String>,
    /// Rules before the platform's.
    #[serde(default)]
    pub(super) errors: Vec<RawErrorRule>,
    /// How many profiles are requested at once.
    pub(super) batch: Option<u32>,
    /// The stream that is read for those that a batch left out.
    pub(super) missing: Option<String>,
    /// Runs the stream once for each item of another list.
    pub(super) for_each: Option<RawForEach>,
    /// What records say of a profile.
    pub(super) profile: Option<RawProfile>,
    /// What records say of a list of accounts.
    pub(super) list: Option<RawList>,
    /// What records say of posts.
    pub(super) interactions: Option<RawInteractions>,
}

/// The list whose items a stream runs for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForEach {
    /// Its request.
    pub(super) request: RawRequest,
    /// How its next page is asked for.
    #[serde(default)]
    pub(super) pager: RawPager,
    /// Where its pages have the records.
    pub(super) records: String,
    /// What is `{item}` in the request of the stream.
    pub(super) item: SelectorTexts,
    /// How many items at most.
    pub(super) items_max: u32,
}

/// Where a record has what is known of a profile.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    /// The id that the platform gives it, which does not change.
    pub(super) native_id: Option<SelectorTexts>,
    /// Its readable name.
    pub(super) handle: Option<SelectorTexts>,
    /// The id that only its host understands.
    pub(super) local_id: Option<SelectorTexts>,
    #[serde(flatten)]
    #[schemars(schema_with = "profile_texts")]
    pub(super) texts: ProfileTexts<SelectorTexts>,
    /// How many follow it.
    pub(super) followers: Option<SelectorTexts>,
    /// How many it follows.
    pub(super) following: Option<SelectorTexts>,
    /// How many posts it has.
    pub(super) posts: Option<SelectorTexts>,
    /// When it was made.
    pub(super) created_at: Option<SelectorTexts>,
    /// Whether it is a person, an organisation or a bot: the first rule that holds.
    #[serde(default)]
    pub(super) kind: Vec<RawRecordRule<KindWord>>,
    /// What its owner does not allow: all rules that hold.
    #[serde(default)]
    pub(super) consent: Vec<RawRecordRule<ConsentWord>>,
    /// Another page that says what its owner allows.
    pub(super) consent_elsewhere: Option<RawConsentElsewhere>,
    /// Whether it is gone: the first rule that holds.
    #[serde(default)]
    pub(super) gone: Vec<RawRecordRule<GoneWord>>,
    /// Pages whose control the platform has checked.
    #[serde(default)]
    pub(super) websites: Vec<String>,
    /// Texts in which other accounts are looked for.
    #[serde(default)]
    pub(super) accounts: Vec<String>,
}

/// Another page that says what an owner allows, requested once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsentElsewhere {
    /// When it is requested: where this holds of the profile's own record.
    pub(super) when: String,
    /// The request.
    pub(super) request: RawRequest,
    /// The rules for its answer.
    pub(super) consent: Vec<RawRecordRule<ConsentWord>>,
}

/// What a record means if a condition holds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecordRule<T> {
    /// The condition.
    pub(super) when: String,
    /// What it means.
    pub(super) is: T,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    Person,
    Organisation,
    Bot,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConsentWord {
    Refused,
    Unlisted,
    WordsPrivate,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum GoneWord {
    Deleted,
    Suspended,
}

/// Where a record names an account.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNameSelectors {
    /// Its native id.
    pub(super) native_id: Option<SelectorTexts>,
    /// Its handle.
    pub(super) handle: Option<SelectorTexts>,
    /// The id that only its host understands.
    pub(super) local_id: Option<SelectorTexts>,
    /// By what a native id that is missing is looked up.
    #[serde(default)]
    pub(super) find: Vec<FindBy>,
}

/// What a name that a record lacks is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FindBy {
    LocalId,
    Handle,
}

/// A list of accounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    /// The layer of its arcs.
    #[schemars(schema_with = "layer")]
    pub(super) layer: Layer,
    /// `out` where the profile attends to those in the list, `in` the other way round.
    #[schemars(schema_with = "direction")]
    pub(super) direction: Direction,
    /// The count that shows that an empty list is hidden.
    pub(super) hidden_if: Option<CountField>,
    /// The weight of an arc.
    pub(super) weight: Option<SelectorTexts>,
    /// Where a record names the other account.
    pub(super) other: RawNameSelectors,
}

/// The count on a profile's page that says how long a list should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CountField {
    Followers,
    Following,
}

/// Posts, and the accounts that they answer, name, share or like.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInteractions {
    /// What identifies a post.
    pub(super) id: SelectorTexts,
    /// When it was.
    pub(super) at: Option<SelectorTexts>,
    /// What arcs a post makes.
    pub(super) arcs: Vec<RawArcRule>,
}

/// An arc that a post makes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArcRule {
    /// Its layer.
    #[schemars(schema_with = "layer")]
    pub(super) layer: Layer,
    /// Conditions that all hold.
    #[serde(default)]
    pub(super) when: Vec<String>,
    /// The path to several others in one post.
    pub(super) each: Option<String>,
    /// Where the account is named.
    pub(super) other: RawNameSelectors,
}
