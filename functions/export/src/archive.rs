//! The archive of the change stream: each complete stretch of it as a sealed file, a *segment*, that no one ordered.
//!
//! A stretch is complete once it is long or of a day that is over ([`OpenStretch::due`]); what is committed later has later
//! positions. A segment ends where its file is full. It is added if it is not there, so of two ticks that seal the same
//! stretch one succeeds, and from then on it is looked at, rewritten and deleted as exports are.
//!
//! [`OpenStretch::due`]: model::segment::OpenStretch::due

use model::change::ChangeRange;
use model::export::{ExportPart, ExportPlace, part_key, segment_export};
use model::segment::unread_before;
use model::{ChangePosition, Day, Timestamp};
use serde::Serialize;
use store::pg::export;
use store::pg::export::segment::{self, segment_order};

use crate::part::{PartForm, PartWriter, SealedPart};
use crate::rows::check_stream;
use crate::work::{PART_SECONDS, gather};
use crate::{ExportDependencies, ExportError};

/// The most segments that are sealed at once.
const SEALED_MAX: usize = 20;

/// What was sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ArchiveReport {
    /// Segments that were added.
    pub sealed: u64,
    /// Segments that could not be looked at for so long that they are deleted: what is still in the stream is sealed
    /// again.
    pub given_up: u64,
    /// Whether something is left for the next time.
    pub is_cut: bool,
}

/// Seals what is complete, as far as that goes until `deadline`.
///
/// # Errors
/// Those of the database and the objects; what is left is found again.
pub async fn archive(
    deps: ExportDependencies<'_>,
    deadline: Timestamp,
) -> Result<ArchiveReport, ExportError> {
    let given_up = segment::give_up(deps.pg, unread_before(deps.clock.now())).await?;
    let mut report = ArchiveReport { given_up, ..ArchiveReport::default() };
    for _ in 0..SEALED_MAX {
        let now = deps.clock.now();
        let open = segment::open(deps.pg).await?;
        let Some(range) = open.and_then(|open| open.due(Day::of(now))) else { return Ok(report) };
        if deadline.as_second() - now.as_second() < PART_SECONDS {
            break;
        }
        report.sealed += u64::from(seal(deps, range).await?);
    }
    report.is_cut = true;
    Ok(report)
}

/// Seals a range as far as it fits into one file; whether it did: not if another tick was faster.
async fn seal(deps: ExportDependencies<'_>, whole: ChangeRange) -> Result<bool, ExportError> {
    let reading = export::reading(deps.pg, deps.clock.now()).await?;
    let order = segment_order(whole);
    let mut part = PartWriter::new(PartForm { what: order.what, format: order.format })?;
    let place = ExportPlace { after: None, row: whole.from.number() };
    let next = gather(deps.pg, &order, place, &mut part).await?;
    // What was dropped meanwhile may be missing.
    check_stream(deps.pg, place).await?;
    let to = next.map_or(whole.to, |next| ChangePosition::new(next.row));
    let range = ChangeRange { from: whole.from, to };
    let SealedPart { file, bytes } = part.seal(reading)?;
    let key = part_key(segment_export(range.from), 0, &file.sha256, order.format);
    deps.objects.put(&key, bytes).await?;
    let part = ExportPart { part: 0, range: Some(range), file };
    Ok(segment::add(deps.pg, range, &part, deps.clock.now()).await?)
}
