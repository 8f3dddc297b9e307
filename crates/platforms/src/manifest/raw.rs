//! A manifest as it is written. Its shape is checked here, its sense in [`compile`](mod@super::compile).
//! `docs/manifests.md` says what each field means.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::raw_request::{RawErrorRule, RawRequest, SelectorTexts};
use super::raw_stream::RawStream;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
    pub(super) platform: String,
    pub(super) dialects: Vec<String>,
    pub(super) handle: RawHandle,
    pub(super) home: String,
    pub(super) origins: BTreeMap<String, RawOrigin>,
    pub(super) rate_limit: RawRateLimit,
    #[serde(default)]
    pub(super) errors: Vec<RawErrorRule>,
    #[serde(default)]
    pub(super) claims: RawClaims,
    #[serde(default)]
    pub(super) resolve: Vec<RawLookup>,
    #[serde(default)]
    pub(super) names: RawNames,
    pub(super) plan: Vec<String>,
    pub(super) streams: BTreeMap<String, RawStream>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandle {
    pub(super) pattern: String,
    pub(super) example: String,
    #[serde(default)]
    pub(super) fold: HandleFold,
    pub(super) native: String,
    pub(super) native_host: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HandleFold {
    #[default]
    None,
    Lower,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrigin {
    pub(super) url: Option<String>,
    pub(super) limit: RawLimit,
    #[serde(default)]
    pub(super) discover: Vec<RawDiscover>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimit {
    pub(super) requests: u32,
    pub(super) window_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDiscover {
    #[serde(rename = "for")]
    pub(super) applies_to: String,
    pub(super) request: RawRequest,
    pub(super) origin: SelectorTexts,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRateLimit {
    pub(super) limit: Option<String>,
    pub(super) remaining: Option<String>,
    pub(super) reset: Option<String>,
    #[serde(default)]
    pub(super) form: ResetForm,
    pub(super) policy: Option<String>,
    pub(super) window_seconds: u32,
    pub(super) body_wait: Option<RawBodyWait>,
}

/// How a reset is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResetForm {
    #[default]
    UnixSeconds,
    Iso8601,
    SecondsLeft,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBodyWait {
    pub(super) field: String,
    pub(super) unit: WaitUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WaitUnit {
    S,
    Ms,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaims {
    #[serde(default)]
    pub(super) pages: Vec<RawClaimPattern>,
    #[serde(default)]
    pub(super) words: Vec<RawClaimPattern>,
    #[serde(default)]
    pub(super) except: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaimPattern {
    pub(super) pattern: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNames {
    pub(super) local_id: Option<RawLookup>,
    pub(super) handle: Option<RawLookup>,
    pub(super) own: Option<RawLookup>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLookup {
    pub(super) request: RawRequest,
    pub(super) native_id: Option<SelectorTexts>,
    pub(super) handle: Option<SelectorTexts>,
    pub(super) local_id: Option<SelectorTexts>,
}
