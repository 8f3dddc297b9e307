//! A manifest as it is written. Its shape is checked here, its sense in [`compile`](mod@super::compile).
//! `docs/manifests.md` says what each field means.

use std::collections::BTreeMap;

use model::platform::{HandleForm, Listing};
use schemars::JsonSchema;
use serde::Deserialize;

use super::raw_request::{RawErrorRule, RawRequest, SelectorTexts};
use super::raw_stream::RawStream;
use super::schema_parts::{handle_form, listing};

/// A platform: all that is special about its API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
    /// The version of this language: 1.
    pub(super) version: u32,
    /// The name of the platform in URLs, files and logs: lower-case letters, digits and hyphens.
    pub(super) platform: String,
    /// Whether profiles may be shown before they say that they agree; `opt_out` if not given.
    #[schemars(schema_with = "listing")]
    pub(super) listing: Option<Listing>,
    /// The APIs that its hosts speak.
    pub(super) dialects: Vec<String>,
    /// What its names look like.
    pub(super) handle: RawHandle,
    /// The role whose server a profile's jobs go to.
    pub(super) home: String,
    /// The kinds of servers that requests go to, by role.
    pub(super) origins: BTreeMap<String, RawOrigin>,
    /// How its hosts announce their limits.
    pub(super) rate_limit: RawRateLimit,
    /// What answers mean that are no pages: the first rule that fits.
    #[serde(default)]
    pub(super) errors: Vec<RawErrorRule>,
    /// How accounts of this platform look in free text.
    #[serde(default)]
    pub(super) claims: RawClaims,
    /// Look-ups from a handle to a native id, in order.
    #[serde(default)]
    pub(super) resolve: Vec<RawLookup>,
    /// Look-ups for records that lack a native id.
    #[serde(default)]
    pub(super) names: RawNames,
    /// The streams of a round in their order; the first yields profiles.
    pub(super) plan: Vec<String>,
    /// What can be read, by name.
    pub(super) streams: BTreeMap<String, RawStream>,
}

/// What the names of a platform look like.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandle {
    /// What handles are: `word` if not given.
    #[schemars(schema_with = "handle_form")]
    pub(super) form: Option<HandleForm>,
    /// A regex that every handle fits, in its one form.
    pub(super) pattern: String,
    /// A handle, for error messages.
    pub(super) example: String,
    /// How handles are brought to their one form.
    #[serde(default)]
    pub(super) fold: HandleFold,
    /// A regex that every native id fits; names that do not are left out.
    pub(super) native: String,
    /// A regex whose first group is the host in a native id.
    pub(super) native_host: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HandleFold {
    #[default]
    None,
    Lower,
}

/// A kind of server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrigin {
    /// Where it is, such as `https://api.example`, perhaps with `{host}` or `{native_host}`.
    pub(super) url: Option<String>,
    /// The requests that are sent until a host announces its own limit.
    pub(super) limit: RawLimit,
    /// How its place is found out, instead of a `url`.
    #[serde(default)]
    pub(super) discover: Vec<RawDiscover>,
}

/// Requests in a window.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimit {
    /// How many.
    pub(super) requests: u32,
    /// In how many seconds.
    pub(super) window_seconds: u32,
}

/// A request whose answer says where a profile's server is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDiscover {
    /// A regex: which native ids it is for.
    #[serde(rename = "for")]
    pub(super) applies_to: String,
    /// The request.
    pub(super) request: RawRequest,
    /// Where the answer has the server's URL.
    pub(super) origin: SelectorTexts,
}

/// How hosts announce limits: names of headers in lower case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRateLimit {
    /// The header with the requests in a window.
    pub(super) limit: Option<String>,
    /// The header with what is left of them.
    pub(super) remaining: Option<String>,
    /// The header that says when there are new ones.
    pub(super) reset: Option<String>,
    /// How the reset is written.
    #[serde(default)]
    pub(super) form: ResetForm,
    /// The header such as `3000;w=300`.
    pub(super) policy: Option<String>,
    /// The window where no policy names it.
    pub(super) window_seconds: u32,
    /// Where the body of an answer asks to wait.
    pub(super) body_wait: Option<RawBodyWait>,
}

/// How a reset is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResetForm {
    #[default]
    UnixSeconds,
    Iso8601,
    SecondsLeft,
}

/// A wait in a body.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBodyWait {
    /// Where it is.
    pub(super) field: String,
    /// Its unit.
    pub(super) unit: WaitUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WaitUnit {
    S,
    Ms,
}

/// How accounts of this platform look in free text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaims {
    /// Patterns against URLs in the form in which pages are compared.
    #[serde(default)]
    pub(super) pages: Vec<RawClaimPattern>,
    /// Patterns against `@name@domain`, `@domain` and `domain` wherever a text has them.
    #[serde(default)]
    pub(super) words: Vec<RawClaimPattern>,
    /// Hosts whose pages only look alike.
    #[serde(default)]
    pub(super) except: Vec<String>,
}

/// A text that names an account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaimPattern {
    /// A regex.
    pub(super) pattern: String,
    /// The name in it, such as `$1`.
    pub(super) name: String,
}

/// Look-ups for records that lack a native id.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNames {
    /// By the id that only a host understands.
    pub(super) local_id: Option<RawLookup>,
    /// By handle.
    pub(super) handle: Option<RawLookup>,
    /// The name that a host gives an account of its own.
    pub(super) own: Option<RawLookup>,
}

/// A request that finds an account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLookup {
    /// The request.
    pub(super) request: RawRequest,
    /// Where the answer has its native id.
    pub(super) native_id: Option<SelectorTexts>,
    /// Where the answer has its handle.
    pub(super) handle: Option<SelectorTexts>,
    /// Where the answer has the id that only its host understands.
    pub(super) local_id: Option<SelectorTexts>,
}
