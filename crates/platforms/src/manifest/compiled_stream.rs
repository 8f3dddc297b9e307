//! Streams as the engine uses them.

use model::layer::{Direction, Layer};
use model::profile::{Consent, GoneReason, PersonKind};
use model::profile_text::ProfileTexts;

use super::compiled_request::{BodyWait, ErrorRules, RequestTemplate, StreamAuth};
use super::raw_stream::{CountField, FindBy};
use crate::path::{PageShape, RecordCondition, RecordPath, ValueSelector};

#[derive(Debug)]
pub(crate) enum PagerKind {
    /// One page is all.
    None,
    /// The answer holds the next cursor; none is the end.
    Cursor(ValueSelector),
    /// The Link header holds it; where a host sends no such header, `until` is used instead.
    Link { until: Option<UntilParam> },
    /// The next page begins behind the records so far; an empty page is the end.
    Offset,
    /// Pages are counted from 1; an empty page is the end.
    Page,
    /// The next page begins at the last record's id; an empty page is the end.
    Until { last: ValueSelector },
}

/// The query field that begins a page behind the last record's id.
#[derive(Debug)]
pub(crate) struct UntilParam {
    pub(crate) last: ValueSelector,
    pub(crate) param: String,
}

#[derive(Debug)]
pub(crate) struct ManifestStream {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) tested_by: String,
    pub(crate) auth: StreamAuth,
    /// The first whose names are all known is sent.
    pub(crate) requests: Vec<RequestTemplate>,
    pub(crate) paging: PagingRules,
    pub(crate) errors: ErrorRules,
    pub(crate) kind: StreamKind,
}

/// How pages follow each other, and what of a page is read.
#[derive(Debug)]
pub(crate) struct PagingRules {
    pub(crate) pager: PagerKind,
    pub(crate) page_size: u32,
    pub(crate) pages_per_visit: u32,
    pub(crate) pages_max: u32,
    pub(crate) shape: PageShape,
    /// `None`: the page itself is the one record.
    pub(crate) records: Option<RecordPath>,
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
    /// The stream that is read, one by one, for the profiles that a batch left out.
    pub(crate) missing: Option<usize>,
    pub(crate) names: NameSelectors,
    pub(crate) texts: ProfileTexts<ValueSelector>,
    pub(crate) followers: Option<ValueSelector>,
    pub(crate) following: Option<ValueSelector>,
    pub(crate) posts: Option<ValueSelector>,
    pub(crate) created_at: Option<ValueSelector>,
    pub(crate) kind: Vec<RecordRule<PersonKind>>,
    pub(crate) consent: Vec<ConsentRule>,
    pub(crate) consent_elsewhere: Option<Box<ConsentElsewhere>>,
    pub(crate) gone: Vec<RecordRule<GoneReason>>,
    pub(crate) websites: Vec<ValueSelector>,
    pub(crate) accounts: Vec<ValueSelector>,
}

/// What a record means if it fulfils a condition.
#[derive(Debug)]
pub(crate) struct RecordRule<T> {
    pub(crate) when: RecordCondition,
    pub(crate) is: T,
}

/// A restriction by the owner.
pub(crate) type ConsentRule = RecordRule<Consent>;

/// Another page that says what a profile's owner allows, where its own page lacks the fields.
#[derive(Debug)]
pub(crate) struct ConsentElsewhere {
    pub(crate) when: RecordCondition,
    pub(crate) request: RequestTemplate,
    pub(crate) shape: PageShape,
    pub(crate) consent: Vec<ConsentRule>,
}

/// Where a record names an account.
#[derive(Debug)]
pub(crate) struct NameSelectors {
    pub(crate) native_id: Option<ValueSelector>,
    pub(crate) handle: Option<ValueSelector>,
    pub(crate) local_id: Option<ValueSelector>,
    pub(crate) find: Vec<FindBy>,
}

#[derive(Debug)]
pub(crate) struct ListRules {
    pub(crate) layer: Layer,
    pub(crate) direction: Direction,
    pub(crate) hidden_if: Option<CountField>,
    pub(crate) weight: Option<ValueSelector>,
    pub(crate) other: NameSelectors,
    pub(crate) for_each: Option<ForEach>,
}

/// The lists whose members a stream reads, one after the other.
#[derive(Debug)]
pub(crate) struct ForEach {
    pub(crate) request: RequestTemplate,
    pub(crate) paging: PagingRules,
    pub(crate) item: ValueSelector,
    pub(crate) items_max: usize,
}

#[derive(Debug)]
pub(crate) struct InteractionRules {
    /// What identifies a post, in any form.
    pub(crate) id: ValueSelector,
    /// When the post was.
    pub(crate) at: Option<ValueSelector>,
    pub(crate) arcs: Vec<ArcRule>,
}

impl InteractionRules {
    /// The layers of the stream, each once, by number.
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
    pub(crate) when: Vec<RecordCondition>,
    pub(crate) each: Option<RecordPath>,
    pub(crate) other: NameSelectors,
}
