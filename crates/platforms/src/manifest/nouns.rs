//! Manifests as the engine uses them: parsed, checked, every selector compiled.

use model::Platform;
use model::budget::HostLimit;
use model::handle;
use model::layer::{Direction, Layer};
use model::observation::NamedProfile;
use model::profile::{Consent, GoneReason, PersonKind};
use regex::Regex;

use super::raw::{Counted, Find, Fold, Form, Then};
use crate::path::{Condition, Path, Selector, Shape};
use crate::template::Template;

/// One platform.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) platform: Platform,
    pub(crate) dialects: Vec<String>,
    pub(crate) handle: HandleRule,
    pub(crate) home: usize,
    pub(crate) roles: Vec<Role>,
    pub(crate) rate: RateRules,
    pub(crate) errors: ErrorRules,
    pub(crate) claims: ClaimRules,
    pub(crate) resolve: Vec<Lookup>,
    pub(crate) by_local_id: Option<Lookup>,
    pub(crate) by_handle: Option<Lookup>,
    /// What a host calls an account of its own, by the handle that is made of the host's name.
    pub(crate) own_name: Option<Lookup>,
    /// Indices into `streams`; the first is the profile stream.
    pub(crate) plan: Vec<usize>,
    pub(crate) streams: Vec<Stream>,
}

impl Manifest {
    /// The profile stream that rounds begin with.
    pub(crate) fn profile_stream(&self) -> &Stream {
        &self.streams[self.plan[0]]
    }

    /// The host that a profile's native id names, where it does.
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
        base.is_some_and(|base| base.has(crate::template::Name::Host))
    }
}

/// A host's one form; as it is, in lower case, where it is no name, such as an IPv6 address.
fn one_form(host: &str) -> String {
    handle::host(host).unwrap_or_else(|| host.to_lowercase())
}

#[derive(Debug)]
pub(crate) struct HandleRule {
    pub(crate) pattern: Regex,
    pub(crate) example: String,
    pub(crate) fold: Fold,
    pub(crate) native: Regex,
    pub(crate) native_host: Option<Regex>,
}

/// A kind of server, and where it is: fixed, templated, or found out per profile.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) base: Option<Template>,
    pub(crate) limit: HostLimit,
    pub(crate) discover: Vec<Discover>,
}

#[derive(Debug)]
pub(crate) struct Discover {
    pub(crate) applies_to: Regex,
    pub(crate) request: RequestTemplate,
    pub(crate) shape: Shape,
    pub(crate) origin: Selector,
}

#[derive(Debug)]
pub(crate) struct RateRules {
    pub(crate) limit: Option<String>,
    pub(crate) remaining: Option<String>,
    pub(crate) reset: Option<String>,
    pub(crate) form: Form,
    pub(crate) policy: Option<String>,
    pub(crate) window_ms: u32,
}

/// A wait that is told in the body.
#[derive(Debug)]
pub(crate) struct BodyWait {
    pub(crate) field: Selector,
    pub(crate) unit_ms: u64,
}

#[derive(Debug)]
pub(crate) struct ErrorRules {
    pub(crate) shape: Shape,
    pub(crate) rules: Vec<ErrorRule>,
    pub(crate) wait: Option<BodyWait>,
}

#[derive(Debug)]
pub(crate) struct ErrorRule {
    pub(crate) statuses: Vec<u16>,
    pub(crate) condition: Option<Condition>,
    pub(crate) text: Option<String>,
    pub(crate) then: Then,
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

/// A request that tells a name.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) request: RequestTemplate,
    pub(crate) shape: Shape,
    pub(crate) native_id: Option<Selector>,
    pub(crate) handle: Option<Selector>,
    pub(crate) local_id: Option<Selector>,
}

#[derive(Debug)]
pub(crate) struct RequestTemplate {
    pub(crate) role: usize,
    pub(crate) host: Option<Template>,
    pub(crate) path: Template,
    pub(crate) query: Vec<(String, Template)>,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) body: Option<Template>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Auth {
    None,
    Bearer { secret: String },
    Header { name: String, secret: String },
}

#[derive(Debug)]
pub(crate) enum Pager {
    /// One page is all.
    None,
    /// The answer holds the next cursor; none is the end.
    Cursor(Selector),
    /// The Link header holds it; where a host sends no such header, `until` may stand in.
    Link { until: Option<(Selector, String)> },
    /// The next page starts so many records further; an empty page is the end.
    Offset,
    /// Pages are counted from 1; an empty page is the end.
    Page,
    /// The next page is asked for by the last record's id; an empty page is the end.
    Until { last: Selector },
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) tested_by: String,
    pub(crate) auth: Auth,
    /// The first whose names are all known is sent.
    pub(crate) requests: Vec<RequestTemplate>,
    pub(crate) paging: Paging,
    pub(crate) errors: ErrorRules,
    pub(crate) kind: StreamKind,
}

/// How pages follow each other, and what of a page is read.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) pager: Pager,
    pub(crate) page_size: u32,
    pub(crate) pages_per_visit: u32,
    pub(crate) pages_max: u32,
    pub(crate) shape: Shape,
    /// `None`: the page itself is the one record.
    pub(crate) records: Option<Path>,
    pub(crate) wait: Option<BodyWait>,
}

#[derive(Debug)]
pub(crate) enum StreamKind {
    Profile(ProfileRules),
    List(ListRules),
    Interactions(InteractionRules),
}

#[derive(Debug)]
pub(crate) struct ProfileRules {
    /// Profiles in one request.
    pub(crate) batch: usize,
    /// The stream that is asked, one by one, for those a batch left out.
    pub(crate) missing: Option<usize>,
    pub(crate) who: Who,
    pub(crate) display_name: Option<Selector>,
    pub(crate) bio: Option<Selector>,
    pub(crate) avatar_url: Option<Selector>,
    pub(crate) url: Option<Selector>,
    pub(crate) followers: Option<Selector>,
    pub(crate) following: Option<Selector>,
    pub(crate) posts: Option<Selector>,
    pub(crate) created_at: Option<Selector>,
    pub(crate) kind: Vec<(Condition, PersonKind)>,
    pub(crate) consent: Vec<(Condition, Consent)>,
    pub(crate) consent_elsewhere: Option<Box<ConsentElsewhere>>,
    pub(crate) gone: Vec<(Condition, GoneReason)>,
    pub(crate) websites: Vec<Selector>,
    pub(crate) accounts: Vec<Selector>,
}

/// Another page that tells what a profile's owner allows, where its own page lacks the fields.
#[derive(Debug)]
pub(crate) struct ConsentElsewhere {
    pub(crate) when: Condition,
    pub(crate) request: RequestTemplate,
    pub(crate) shape: Shape,
    pub(crate) consent: Vec<(Condition, Consent)>,
}

/// Where a record names somebody.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) native_id: Option<Selector>,
    pub(crate) handle: Option<Selector>,
    pub(crate) local_id: Option<Selector>,
    pub(crate) find: Vec<Find>,
}

#[derive(Debug)]
pub(crate) struct ListRules {
    pub(crate) layer: Layer,
    pub(crate) direction: Direction,
    pub(crate) hidden_if: Option<Counted>,
    pub(crate) weight: Option<Selector>,
    pub(crate) other: Who,
    pub(crate) for_each: Option<ForEach>,
}

/// The lists whose members a stream reads, one after the other.
#[derive(Debug)]
pub(crate) struct ForEach {
    pub(crate) request: RequestTemplate,
    pub(crate) paging: Paging,
    pub(crate) item: Selector,
    pub(crate) items_max: usize,
}

#[derive(Debug)]
pub(crate) struct InteractionRules {
    /// What tells one post from another, in whatever form.
    pub(crate) id: Selector,
    /// When the post was.
    pub(crate) at: Option<Selector>,
    pub(crate) arcs: Vec<ArcRule>,
}

impl InteractionRules {
    /// The layers that the stream tells of, each once, by number.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let mut layers: Vec<Layer> = self.arcs.iter().map(|rule| rule.layer).collect();
        layers.sort_unstable();
        layers.dedup();
        layers
    }
}

#[derive(Debug)]
pub(crate) struct ArcRule {
    pub(crate) layer: Layer,
    pub(crate) when: Vec<Condition>,
    pub(crate) each: Option<Path>,
    pub(crate) other: Who,
}
