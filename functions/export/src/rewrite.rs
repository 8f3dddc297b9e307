//! Consent reaches files: a part that names someone who was erased since it was read, is not listed any more, or took
//! back the bio by which it is beside a sensitive community, is replaced by one without.
//!
//! From that moment on no link to it is given, whether this was here or not: who gives links looks at the same notes
//! ([`store::pg::export::stale`]).

use model::export::{ExportPart, PartReading, part_key};
use model::{Day, Export, ExportId, Timestamp};
use serde::Serialize;
use store::pg::export::{self, StalePart};
use store::pg::meter_place::{self, PlacedWork};

use crate::discard::sweep;
use crate::part::PartForm;
use crate::readmit::DoubtedPart;
use crate::{ExportDependencies, ExportError};

/// The exports that are looked at together.
const EXPORTS: u32 = 20;

/// The parts that are looked at together: some megabytes of ids.
const PARTS: usize = 20;

/// What one part takes at most, in seconds.
const PART_SECONDS: i64 = 60;

/// What was looked at and replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RewriteReport {
    /// Parts that were looked at.
    pub checked: u64,
    /// Parts that were replaced.
    pub replaced: u64,
    /// Exports of which a part cannot be read or written.
    pub failed: u64,
    /// Whether something is left for the next time, which goes on there.
    pub is_cut: bool,
}

/// Looks at the parts of all exports that are done, from where the last one was cut, until `deadline`.
///
/// # Errors
/// Those of the database and the objects; what is left is found again.
pub async fn rewrite(
    deps: ExportDependencies<'_>,
    deadline: Timestamp,
) -> Result<RewriteReport, ExportError> {
    let place = meter_place::get(deps.pg, PlacedWork::Exports).await?;
    let mut after: Option<ExportId> = place.and_then(|place| place.parse().ok());
    let mut report = RewriteReport::default();
    loop {
        let page = export::with_parts(deps.pg, after, EXPORTS).await?;
        for one in &page {
            let is_begun = !is_late(deps, deadline);
            // The next time goes on behind one that takes long: others have their turn.
            after = if is_begun { Some(one.id) } else { after };
            if !is_begun || !rewrite_or_pass(deps, one, deadline, &mut report).await? {
                report.is_cut = true;
                let place = after.map(|id| id.to_string());
                let now = deps.clock.now();
                meter_place::set(deps.pg, PlacedWork::Exports, place.as_deref(), now).await?;
                return Ok(report);
            }
        }
        if page.len() < EXPORTS as usize {
            meter_place::set(deps.pg, PlacedWork::Exports, None, deps.clock.now()).await?;
            return Ok(report);
        }
    }
}

fn is_late(deps: ExportDependencies<'_>, deadline: Timestamp) -> bool {
    deadline.as_second() - deps.clock.now().as_second() < PART_SECONDS
}

/// Looks at the parts of one export; whether there is time for the next one. What cannot be read is passed: no link to it
/// is given, and others are not kept waiting.
async fn rewrite_or_pass(
    deps: ExportDependencies<'_>,
    export: &Export,
    deadline: Timestamp,
    report: &mut RewriteReport,
) -> Result<bool, ExportError> {
    match rewrite_export(deps, export, deadline, report).await {
        Err(error) if !error.is_passing() => {
            tracing::error!(export = %export.id, %error, "files of an export cannot be rewritten");
            report.failed += 1;
            Ok(true)
        }
        other => other,
    }
}

/// Looks at the parts of one export; whether at all of them.
async fn rewrite_export(
    deps: ExportDependencies<'_>,
    export: &Export,
    deadline: Timestamp,
    report: &mut RewriteReport,
) -> Result<bool, ExportError> {
    let numbers: Vec<u32> = (0..export.parts).collect();
    for numbers in numbers.chunks(PARTS) {
        let parts = export::parts(deps.pg, export.id, numbers).await?;
        // Who takes something back from now on is found the next time.
        let reading = export::reading(deps.pg, deps.clock.now()).await?;
        if is_first_of_day(&parts, reading.at) {
            sweep(deps, export).await?;
        }
        let stale = export::stale(deps.pg, &parts).await?;
        let is_stale = |number: &u32| stale.iter().any(|one| one.part.part == *number);
        let clean: Vec<u32> = numbers.iter().copied().filter(|one| !is_stale(one)).collect();
        export::note_read(deps.pg, export.id, &clean, &reading).await?;
        for one in &stale {
            if is_late(deps, deadline) {
                return Ok(false);
            }
            report.replaced += u64::from(replace(deps, export, one, &reading).await?);
        }
        report.checked += parts.len() as u64;
    }
    Ok(true)
}

/// Whether these are the first parts of an export, and are looked at for the first time on this day.
fn is_first_of_day(parts: &[ExportPart], now: Timestamp) -> bool {
    let first = parts.first().filter(|first| first.part == 0);
    first.is_some_and(|first| Day::of(first.file.reading.at) < Day::of(now))
}

/// Replaces one part; whether it did: not if its rows may all stay, or another worker did.
async fn replace(
    deps: ExportDependencies<'_>,
    export: &Export,
    stale: &StalePart<'_>,
    reading: &PartReading,
) -> Result<bool, ExportError> {
    let (part, format) = (stale.part, export.order.format);
    let old = part_key(export.id, part.part, &part.file.sha256, format);
    let Some(bytes) = deps.objects.get(&old).await? else {
        tracing::error!(key = old, "a part of an export is missing");
        return Ok(false);
    };
    let form = PartForm { what: export.order.what, format };
    let doubted = DoubtedPart { form, file: &part.file, bytes, noted: &stale.noted };
    let new = doubted.readmitted(deps.pg, reading).await?;
    let key = part_key(export.id, part.part, &new.file.sha256, format);
    if key == old {
        export::replace_part(deps.pg, export.id, part, &new.file).await?;
        return Ok(false);
    }
    deps.objects.put(&key, new.bytes).await?;
    let is_replaced = export::replace_part(deps.pg, export.id, part, &new.file).await?;
    // The old one goes in any case: who replaced it has no use for it either.
    deps.objects.delete(&old).await?;
    Ok(is_replaced)
}
