//! Platforms as the engine uses them: parsed, checked, every selector compiled.

use model::Platform;
use model::budget::HostLimit;
use model::handle;
use model::observation::NamedProfile;
use regex::Regex;

use super::compiled_request::{ErrorRules, RequestTemplate};
use super::compiled_stream::ManifestStream;
use super::raw::{HandleFold, ResetForm};
use crate::path::{PageShape, ValueSelector};
use crate::template::{TemplateName, TextTemplate};

/// One platform.
#[derive(Debug)]
pub(crate) struct PlatformManifest {
    pub(crate) platform: Platform,
    pub(crate) dialects: Vec<String>,
    pub(crate) handle: HandleRule,
    pub(crate) home: usize,
    pub(crate) roles: Vec<ServerRole>,
    pub(crate) rate: RateRules,
    pub(crate) errors: ErrorRules,
    pub(crate) claims: ClaimRules,
    pub(crate) resolve: Vec<NameLookup>,
    pub(crate) by_local_id: Option<NameLookup>,
    pub(crate) by_handle: Option<NameLookup>,
    /// The name that a host gives an account of its own, by the handle that is made of the host's name.
    pub(crate) own_name: Option<NameLookup>,
    /// Indices into `streams`; the first is the profile stream.
    pub(crate) plan: Vec<usize>,
    pub(crate) streams: Vec<ManifestStream>,
}

impl PlatformManifest {
    /// The profile stream that rounds begin with.
    pub(crate) fn profile_stream(&self) -> &ManifestStream {
        &self.streams[self.plan[0]]
    }

    /// The host that a native id names, if it names one.
    pub(crate) fn native_host<'i>(&self, native_id: &'i str) -> Option<&'i str> {
        let captured = self.handle.native_host.as_ref()?.captures(native_id)?;
        captured.get(1).map(|host| host.as_str())
    }

    /// The host that serves a profile, on platforms where each has its own.
    pub(crate) fn home_host(&self, named: &NamedProfile) -> Option<String> {
        match self.is_hosted() {
            true => self.native_host(&named.native_id).map(one_form),
            false => None,
        }
    }

    /// Whether each profile has a host of its own.
    pub(crate) fn is_hosted(&self) -> bool {
        let base = self.roles[self.home].base.as_ref();
        base.is_some_and(|base| base.has(TemplateName::Host))
    }
}

/// A host's one form; in lower case where it is no name, such as an IPv6 address.
fn one_form(host: &str) -> String {
    handle::host(host).unwrap_or_else(|| host.to_lowercase())
}

#[derive(Debug)]
pub(crate) struct HandleRule {
    pub(crate) pattern: Regex,
    pub(crate) example: String,
    pub(crate) fold: HandleFold,
    pub(crate) native: Regex,
    pub(crate) native_host: Option<Regex>,
}

/// A kind of server, and where it is: fixed, templated, or discovered for each profile.
#[derive(Debug)]
pub(crate) struct ServerRole {
    pub(crate) name: String,
    pub(crate) base: Option<TextTemplate>,
    pub(crate) limit: HostLimit,
    pub(crate) discover: Vec<OriginDiscovery>,
}

#[derive(Debug)]
pub(crate) struct OriginDiscovery {
    pub(crate) applies_to: Regex,
    pub(crate) request: RequestTemplate,
    pub(crate) shape: PageShape,
    pub(crate) origin: ValueSelector,
}

#[derive(Debug)]
pub(crate) struct RateRules {
    pub(crate) limit: Option<String>,
    pub(crate) remaining: Option<String>,
    pub(crate) reset: Option<String>,
    pub(crate) form: ResetForm,
    pub(crate) policy: Option<String>,
    pub(crate) window_ms: u32,
}

#[derive(Debug, Default)]
pub(crate) struct ClaimRules {
    pub(crate) pages: Vec<ClaimPattern>,
    pub(crate) words: Vec<ClaimPattern>,
    pub(crate) except: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ClaimPattern {
    pub(crate) pattern: Regex,
    pub(crate) name: String,
}

/// A request whose answer names an account.
#[derive(Debug)]
pub(crate) struct NameLookup {
    pub(crate) request: RequestTemplate,
    pub(crate) shape: PageShape,
    pub(crate) native_id: Option<ValueSelector>,
    pub(crate) handle: Option<ValueSelector>,
    pub(crate) local_id: Option<ValueSelector>,
}
