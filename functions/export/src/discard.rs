//! Files that are of no use any more: of exports that expired, failed or were cancelled.

use std::collections::HashSet;

use model::Export;
use model::export::{ExportPart, export_prefix, part_key};
use store::pg::export;

use crate::{ExportDependencies, ExportError};

/// The most exports whose files are deleted at once.
const DISCARDED_MAX: u32 = 20;

/// Deletes their objects, and then forgets them; how many exports.
///
/// # Errors
/// Those of the objects and the database; what is left is found again.
pub async fn discard(deps: ExportDependencies<'_>) -> Result<u64, ExportError> {
    let now = deps.clock.now();
    let mut discarded = 0;
    for useless in export::useless(deps.pg, now, DISCARDED_MAX).await? {
        for key in deps.objects.list(&export_prefix(useless.id)).await? {
            deps.objects.delete(&key).await?;
        }
        export::forget(deps.pg, useless.id, now).await?;
        discarded += 1;
    }
    Ok(discarded)
}

/// Deletes what workers that died left beside the files of an export that is done.
pub(crate) async fn sweep(
    deps: ExportDependencies<'_>,
    export: &Export,
) -> Result<(), ExportError> {
    // First what there is: a file that is put from now on is not among it.
    let found = deps.objects.list(&export_prefix(export.id)).await?;
    let parts = export::manifest(deps.pg, export.id).await?;
    let key =
        |part: &ExportPart| part_key(export.id, part.part, &part.file.sha256, export.order.format);
    let kept: HashSet<String> = parts.iter().map(key).collect();
    for left in found.iter().filter(|key| !kept.contains(*key)) {
        deps.objects.delete(left).await?;
    }
    Ok(())
}
