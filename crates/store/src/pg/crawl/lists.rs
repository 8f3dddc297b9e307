//! From the lists in a stream to edits of the stored adjacencies.
//!
//! What a stream has of one list in one commit is joined first. While the stream is cut, the arcs are
//! stored as a part, and those of plain layers are served early; when it is done, the parts and the
//! last arcs are the whole list, which replaces or adds to the stored one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::observation::{ListCoverage, Observation};
use model::{Adjacency, ProfileId};

use super::batch::{CrawledStream, StreamEnd};
use super::progress::{ListParts, NewListPart, join};
use super::seen::SeenIds;
use crate::pg::adjacency::{AdjacencyEdit, AdjacencyKey, EditOperation};

/// How much of a list one commit of its stream has, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ListExtent<'a> {
    Hidden,
    Part,
    Newer(Option<&'a str>),
    Complete,
}

/// What one commit of a stream has of one list.
struct JoinedList<'a> {
    extent: ListExtent<'a>,
    list: Adjacency,
}

/// The lists of one stream, joined.
pub(super) struct StreamLists<'a> {
    stream: &'a CrawledStream,
    lists: BTreeMap<AdjacencyKey, JoinedList<'a>>,
}

impl<'a> StreamLists<'a> {
    pub(super) fn new(
        id: ProfileId,
        stream: &'a CrawledStream,
        ids: &SeenIds<'_>,
    ) -> StreamLists<'a> {
        let mut lists: BTreeMap<AdjacencyKey, JoinedList<'a>> = BTreeMap::new();
        for observation in &stream.observations {
            let Observation::List(seen) = observation else { continue };
            let key = AdjacencyKey { profile: id, layer: seen.layer, direction: seen.direction };
            let (extent, list) = (extent(&seen.coverage), ids.list(id, seen));
            match lists.get_mut(&key) {
                None => drop(lists.insert(key, JoinedList { extent, list })),
                Some(known) => {
                    known.extent = known.extent.min(extent);
                    known.list = join(key.layer, &known.list, &list);
                }
            }
        }
        StreamLists { stream, lists }
    }

    fn is_done(&self) -> bool {
        self.stream.end == StreamEnd::Done
    }

    /// The parts that are to be stored until the stream is done.
    pub(super) fn new_parts(&self) -> impl Iterator<Item = NewListPart<'_>> {
        let is_continued = matches!(&self.stream.end, StreamEnd::Cut { cursor: Some(_) });
        let kept = self.lists.iter().filter(move |(_, joined)| {
            is_continued && joined.extent != ListExtent::Hidden && !joined.list.is_empty()
        });
        kept.map(|(&key, joined)| NewListPart {
            stream: &self.stream.stream,
            key,
            list: &joined.list,
        })
    }

    /// The edits, with the arcs so far taken out of `parts`.
    pub(super) fn into_edits(
        self,
        id: ProfileId,
        parts: &ListParts,
    ) -> Vec<AdjacencyEdit<'static>> {
        if !self.is_done() {
            let lists = self.lists.into_iter();
            return lists.filter_map(|(key, joined)| joined.early(key)).collect();
        }
        let mut lists = self.lists;
        let common = lists.values().map(|joined| joined.extent).max().unwrap_or(ListExtent::Part);
        let of_stream = parts.range((self.stream.stream.clone(), AdjacencyKey::first_of(id))..);
        let mine = of_stream
            .take_while(|((stream, key), _)| *stream == self.stream.stream && key.profile == id);
        for ((_, key), part) in mine {
            // A list whose last page showed nothing of it ends as the stream's other lists do.
            let entry = lists.entry(*key);
            let rest =
                entry.or_insert_with(|| JoinedList { extent: common, list: Adjacency::default() });
            rest.list = join(key.layer, part, &rest.list);
        }
        let lists = lists.into_iter();
        lists.filter_map(|(key, joined)| joined.whole(key, self.stream)).collect()
    }
}

fn extent(reach: &ListCoverage) -> ListExtent<'_> {
    match reach {
        ListCoverage::Hidden => ListExtent::Hidden,
        ListCoverage::Part { .. } => ListExtent::Part,
        ListCoverage::Newer { watermark } => ListExtent::Newer(watermark.as_deref()),
        ListCoverage::Complete => ListExtent::Complete,
    }
}

impl JoinedList<'_> {
    /// The edit for a list whose stream continues.
    fn early(self, key: AdjacencyKey) -> Option<AdjacencyEdit<'static>> {
        let operation = match self.extent {
            ListExtent::Hidden => EditOperation::Hide,
            // Interactions count once, when their watermark is set.
            _ if key.layer.is_interaction() => return None,
            _ => EditOperation::ShowEarly(self.list),
        };
        Some(AdjacencyEdit { key, operation })
    }

    /// The edit for a list whose stream is done.
    fn whole(self, key: AdjacencyKey, stream: &CrawledStream) -> Option<AdjacencyEdit<'static>> {
        let operation = match self.extent {
            ListExtent::Hidden => EditOperation::Hide,
            ListExtent::Complete => EditOperation::Replace(Cow::Owned(self.list)),
            ListExtent::Newer(watermark) => EditOperation::Add {
                list: self.list,
                began: stream.began.watermark(key.layer).map(str::to_owned),
                watermark: watermark.map(str::to_owned),
            },
            // The stream was given up in the middle: what was seen is there, but not all of it.
            ListExtent::Part if key.layer.is_interaction() => return None,
            ListExtent::Part => EditOperation::ShowEarly(self.list),
        };
        Some(AdjacencyEdit { key, operation })
    }
}
