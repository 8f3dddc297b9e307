//! Files that are of no use any more: of exports that expired, failed or were cancelled.

use model::export::export_prefix;
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
