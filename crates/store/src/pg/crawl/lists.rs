//! From the lists that a stream showed to edits of the stored lists.
//!
//! What a stream shows of one list in one commit is joined first. While the stream is cut, the
//! arcs are kept as a part, and those of plain layers are shown early; when it is done, the parts
//! and the last arcs are the whole list, which replaces or adds to the stored one.

use std::collections::BTreeMap;

use model::observation::{ListCoverage, Observation};
use model::{Adjacency, ProfileId};

use super::batch::{CrawledStream, StreamEnd};
use super::progress::{NewPart, Parts, join};
use super::seen::Ids;
use crate::pg::adjacency::{Edit, Key, Op};

/// How much of a list one commit of its stream showed, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent<'a> {
    Hidden,
    Part,
    Newer(Option<&'a str>),
    Complete,
}

/// What one commit of a stream showed of one list.
struct Shown<'a> {
    extent: Extent<'a>,
    list: Adjacency,
}

/// The lists of one stream, joined.
pub(super) struct StreamLists<'a> {
    stream: &'a CrawledStream,
    shown: BTreeMap<Key, Shown<'a>>,
}

impl<'a> StreamLists<'a> {
    pub(super) fn new(id: ProfileId, stream: &'a CrawledStream, ids: &Ids<'_>) -> StreamLists<'a> {
        let mut shown: BTreeMap<Key, Shown<'a>> = BTreeMap::new();
        for observation in &stream.observations {
            let Observation::List(seen) = observation else { continue };
            let key = Key { profile: id, layer: seen.layer, direction: seen.direction };
            let (extent, list) = (extent(&seen.coverage), ids.list(id, seen));
            match shown.get_mut(&key) {
                None => drop(shown.insert(key, Shown { extent, list })),
                Some(known) => {
                    known.extent = known.extent.min(extent);
                    known.list = join(key.layer, &known.list, &list);
                }
            }
        }
        StreamLists { stream, shown }
    }

    fn is_done(&self) -> bool {
        self.stream.end == StreamEnd::Done
    }

    /// The parts that are to be kept until the stream is done.
    pub(super) fn new_parts(&self) -> impl Iterator<Item = NewPart<'_>> {
        let goes_on = matches!(&self.stream.end, StreamEnd::Cut { cursor: Some(_) });
        let kept = self.shown.iter().filter(move |(_, shown)| {
            goes_on && shown.extent != Extent::Hidden && !shown.list.is_empty()
        });
        kept.map(|(&key, shown)| NewPart { stream: &self.stream.stream, key, list: &shown.list })
    }

    /// The edits, with the arcs so far taken out of `parts`.
    pub(super) fn into_edits(self, id: ProfileId, parts: &Parts) -> Vec<Edit> {
        if !self.is_done() {
            return self.shown.into_iter().filter_map(early).collect();
        }
        let mut shown = self.shown;
        let common = shown.values().map(|shown| shown.extent).max().unwrap_or(Extent::Part);
        let of_stream = parts.range((self.stream.stream.clone(), Key::first_of(id))..);
        let mine = of_stream
            .take_while(|((stream, key), _)| *stream == self.stream.stream && key.profile == id);
        for ((_, key), part) in mine {
            // A list whose last page showed nothing of it ends as the stream's other lists do.
            let entry = shown.entry(*key);
            let rest =
                entry.or_insert_with(|| Shown { extent: common, list: Adjacency::default() });
            rest.list = join(key.layer, part, &rest.list);
        }
        shown.into_iter().filter_map(|shown| whole(shown, self.stream)).collect()
    }
}

fn extent(coverage: &ListCoverage) -> Extent<'_> {
    match coverage {
        ListCoverage::Hidden => Extent::Hidden,
        ListCoverage::Part { .. } => Extent::Part,
        ListCoverage::Newer { watermark } => Extent::Newer(watermark.as_deref()),
        ListCoverage::Complete => Extent::Complete,
    }
}

/// The edit for a list whose stream goes on.
fn early((key, shown): (Key, Shown<'_>)) -> Option<Edit> {
    let op = match shown.extent {
        Extent::Hidden => Op::Hide,
        // Interactions count once, when their watermark is set.
        _ if key.layer.is_interaction() => return None,
        _ => Op::ShowEarly(shown.list),
    };
    Some(Edit { key, op })
}

/// The edit for a list whose stream is done.
fn whole((key, shown): (Key, Shown<'_>), stream: &CrawledStream) -> Option<Edit> {
    let op = match shown.extent {
        Extent::Hidden => Op::Hide,
        Extent::Complete => Op::Replace(shown.list),
        Extent::Newer(watermark) => Op::Add {
            list: shown.list,
            began: stream.began.watermark(key.layer).map(str::to_owned),
            watermark: watermark.map(str::to_owned),
        },
        // The stream was given up in the middle: what was seen is there, but not all of it.
        Extent::Part if key.layer.is_interaction() => return None,
        Extent::Part => Op::ShowEarly(shown.list),
    };
    Some(Edit { key, op })
}
