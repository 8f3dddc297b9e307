//! The archive of the change stream: which sealed files have which part of it, and where it goes on.
//!
//! A plan is made from the segments that there are. What none of them has is named as well, so that the ranges of a plan
//! follow each other without a gap, up to the cursor with which `/v1/changes` goes on.

use std::collections::HashSet;

use axum::Json;
use axum::response::{IntoResponse, Response};
use model::change::ChangeRange;
use model::export::ExportPart;
use model::time::Timestamp;
use model::{ChangePosition, ExportFormat, PriceUnit, Segment};
use pricing::RequestHash;
use serde::{Deserialize, Serialize};
use store::pg::change::{self, StreamBounds};
use store::pg::export::{self, segment};
use utoipa::ToSchema;

use super::hexadecimal;
use super::links::{link_end, url};
use crate::answer::AnswerFacts;
use crate::changes::{RangeView, StreamCursors};
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, Query};
use crate::file_signer::FileName;

/// The segments of a page. For each of them the list of ids that it names is read.
const PAGE: u32 = 10;

/// After how many seconds a file that is being written again is worth another look.
const REWRITTEN_SECONDS: u32 = 3_600;

/// A part of the stream, and the file that has it, if there is one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentView {
    /// The part of the stream.
    range: RangeView,
    /// `sealed`: the file at `url` has it. `stale`: its file names someone who does not want to be named any more, or
    /// may not want to be, and is written again. `missing`: no file has it.
    #[schema(value_type = String, example = "sealed")]
    state: SegmentState,
    /// The cursor of the beginning, with which `/v1/changes` has the same; absent if that does not go back so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// How many rows the file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// How many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// The SHA-256 of its bytes, in hexadecimal digits. It changes where someone took something back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: Option<String>,
    /// Where it is, without a key, if it is `sealed`: an absolute URL, or a path of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Until when `url` works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// If it is `stale`: after how many seconds it is worth another look.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum SegmentState {
    Sealed,
    Stale,
    Missing,
}

/// A page of the plan of the archive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Archive)]
pub(crate) struct ArchiveBody {
    /// The parts of the stream, in its order.
    data: Vec<SegmentView>,
    /// Where the next page begins, as the parameter `cursor`, and where `/v1/changes` goes on after these parts.
    next_cursor: String,
    /// Whether no segment follows: read `/v1/changes` from `next_cursor` on.
    is_last: bool,
}

/// A page of the plan, and what decides its price.
pub(crate) struct ArchiveAnswer {
    body: ArchiveBody,
    facts: AnswerFacts,
}

impl IntoResponse for ArchiveAnswer {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(self.facts);
        response
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArchiveParams {
    /// A cursor of the stream: `next_cursor` of the page before, or one of `/v1/changes`, however old. The beginning of
    /// the archive, unless given.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The change stream as sealed files, arcs left out: links to Parquet files of complete parts of it, in its order, with
/// the columns of exports of `changes`. After the last page `/v1/changes` goes on. It costs the megabytes of the files
/// that it has links to, and nothing where it is given again.
#[utoipa::path(
    get,
    path = "/v1/changes/archive",
    operation_id = "plan_archive",
    tag = "changes",
    params(ArchiveParams),
    responses((status = 200, body = ArchiveBody, description = "The answer."), Problem)
)]
pub(crate) async fn plan(
    Query(query): Query<ArchiveParams>,
    call: ApiCall,
) -> Result<ArchiveAnswer, Problem> {
    let (now, cursors) = (call.gateway.now(), StreamCursors::of(&call));
    let bounds = change::sequence(call.pg()).await?;
    // It goes further back than the stream.
    let all = StreamBounds { floor: ChangePosition::default(), ..bounds };
    let after = match query.cursor.as_deref() {
        Some(text) => Some(cursors.opened(call.pg(), all, Some(text)).await?),
        None => None,
    };
    let segments = segment::after(call.pg(), after.unwrap_or_default(), PAGE, now).await?;
    let stale = stale(&call, &segments).await?;
    let stretches = Stretches::of(&segments, after, bounds.floor);
    let mut data = Vec::with_capacity(stretches.all.len());
    for stretch in &stretches.all {
        let mut view = SegmentView::missing(stretch.range);
        view.cursor =
            (stretch.range.from >= bounds.floor).then(|| cursors.sealed(stretch.range.from));
        if let Some(segment) = stretch.segment {
            let is_sealed = !stale.contains(&segment.range.from) && segment.is_looked_after(now);
            view.of_file(&call, segment, is_sealed, now).await?;
        }
        data.push(view);
    }
    let next_cursor = cursors.sealed(stretches.end);
    let facts = facts(&data, &segments);
    let is_last = segments.len() < PAGE as usize;
    Ok(ArchiveAnswer { body: ArchiveBody { data, next_cursor, is_last }, facts })
}

/// Where those segments begin that name someone who took something back.
async fn stale(call: &ApiCall, segments: &[Segment]) -> Result<HashSet<ChangePosition>, Problem> {
    let parts: Vec<ExportPart> = segments.iter().map(|segment| segment.part.clone()).collect();
    let stale = export::stale(call.pg(), &parts).await?;
    Ok(stale.iter().filter_map(|one| one.part.range.map(|range| range.from)).collect())
}

/// Charged are the megabytes that there are links to. The same segments are the same answer, whatever the cursor was.
fn facts(data: &[SegmentView], segments: &[Segment]) -> AnswerFacts {
    let linked = data.iter().filter(|view| view.url.is_some());
    let megabytes = linked.map(|view| PriceUnit::megabytes(view.bytes.unwrap_or(0))).sum();
    let ends = segments.first().zip(segments.last());
    let charged_as = ends.map(|(first, last)| {
        let ends = [first.range.from, last.range.to].map(|end| end.number().to_be_bytes());
        RequestHash::new(&[b"archive", &ends[0], &ends[1]])
    });
    AnswerFacts { rows: megabytes, charged_as, ..AnswerFacts::default() }
}

/// A part of the stream, and the segment that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch<'a> {
    range: ChangeRange,
    segment: Option<&'a Segment>,
}

/// Parts of the stream that follow each other.
#[derive(Debug, PartialEq, Eq)]
struct Stretches<'a> {
    all: Vec<Stretch<'a>>,
    /// Where they end.
    end: ChangePosition,
}

impl<'a> Stretches<'a> {
    /// Those after a position, or from the first segment on. If no segment follows these, up to the floor of the stream
    /// at least, so that it can go on.
    fn of(
        segments: &'a [Segment],
        after: Option<ChangePosition>,
        floor: ChangePosition,
    ) -> Stretches<'a> {
        let begin = after.or(segments.first().map(|first| first.range.from)).unwrap_or(floor);
        let mut stretches = Stretches { all: Vec::new(), end: begin };
        for segment in segments {
            stretches.skip(segment.range.from);
            stretches.all.push(Stretch { range: segment.range, segment: Some(segment) });
            stretches.end = segment.range.to;
        }
        if segments.len() < PAGE as usize {
            stretches.skip(floor);
        }
        stretches
    }

    /// Names what lies before a position as a part that no segment has.
    fn skip(&mut self, to: ChangePosition) {
        if self.end < to {
            let range = ChangeRange { from: self.end, to };
            self.all.push(Stretch { range, segment: None });
            self.end = to;
        }
    }
}

impl SegmentView {
    /// A part of the stream that no file has.
    fn missing(range: ChangeRange) -> SegmentView {
        SegmentView {
            range: range.into(),
            state: SegmentState::Missing,
            cursor: None,
            rows: None,
            bytes: None,
            sha256: None,
            url: None,
            expires_at: None,
            retry_after: None,
        }
    }

    /// Says what its file is, and where it can be had, if it may be.
    async fn of_file(
        &mut self,
        call: &ApiCall,
        segment: &Segment,
        is_sealed: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let file = &segment.part.file;
        (self.rows, self.bytes) = (Some(file.rows), Some(file.bytes));
        self.sha256 = Some(hexadecimal(&file.sha256));
        if !is_sealed {
            (self.state, self.retry_after) = (SegmentState::Stale, Some(REWRITTEN_SECONDS));
            return Ok(());
        }
        let expires_at = link_end(now, segment.expires_at);
        let name = FileName {
            export: segment.export,
            part: segment.part.part,
            format: ExportFormat::Parquet,
            sha256: file.sha256,
            expires_at,
        };
        self.url = Some(url(call, &name, now).await?);
        (self.state, self.expires_at) = (SegmentState::Sealed, Some(expires_at));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::export::{HeldIds, PartFile, PartReading, segment_export};

    use super::*;

    const fn at(number: u64) -> ChangePosition {
        ChangePosition::new(number)
    }

    fn segment(from: u64, to: u64) -> Segment {
        let range = ChangeRange { from: at(from), to: at(to) };
        let reading = PartReading { at: Timestamp::UNIX_EPOCH, seen: "1:1:".parse().unwrap() };
        let (held, by_bio) = (HeldIds::default(), HeldIds::default());
        let file = PartFile { rows: 1, bytes: 1, sha256: [0; 32], held, by_bio, reading };
        let part = ExportPart { part: 0, range: Some(range), file };
        Segment { export: segment_export(range.from), range, part, expires_at: Timestamp::MAX }
    }

    fn stretches(
        segments: &[Segment],
        after: Option<u64>,
        floor: u64,
    ) -> (Vec<(u64, u64, bool)>, u64) {
        let found = Stretches::of(segments, after.map(at), at(floor));
        let all = found.all.iter();
        let all =
            all.map(|one| (one.range.from.number(), one.range.to.number(), one.segment.is_some()));
        (all.collect(), found.end.number())
    }

    #[test]
    fn what_no_segment_has_is_named_and_nothing_is_left_out() {
        let both = [segment(10, 20), segment(25, 40)];
        let first = (10, 20, true);
        let (hole, last) = ((20, 25, false), (25, 40, true));
        assert_eq!(stretches(&both, None, 0), (vec![first, hole, last], 40));
        assert_eq!(stretches(&both, Some(4), 30), (vec![(4, 10, false), first, hole, last], 40));
        assert_eq!(stretches(&both, Some(15), 30), (vec![first, hole, last], 40));
        assert_eq!(
            stretches(&both[1..], Some(22), 60),
            (vec![(22, 25, false), last, (40, 60, false)], 60)
        );
        assert_eq!(stretches(&[], None, 7), (vec![], 7));
        assert_eq!(stretches(&[], Some(3), 7), (vec![(3, 7, false)], 7));
        assert_eq!(stretches(&[], Some(9), 7), (vec![], 9));
    }
}
