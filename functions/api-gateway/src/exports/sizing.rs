//! How much an export is, before it is written.

use model::export::{EXPORT_ROWS_MAX, ExportSource};
use model::{ExportOrder, ExportSubject, PriceClass, PriceItem, PriceUnit, RunId, Usage};
use pricing::UsageBounds;
use store::Pg;
use store::pg::{community, membership, person, score};

use crate::error::Problem;

/// What of its row each kind takes at most, in bytes, and what it takes mostly, compressed.
const fn row_bytes(what: ExportSubject) -> (u64, u64) {
    match what {
        ExportSubject::People | ExportSubject::Profiles => (250, 25),
        ExportSubject::Communities | ExportSubject::Memberships => (300, 30),
        ExportSubject::Changes => (500, 40),
    }
}

/// What an order will consist of. What is not listed is left out, so less is expected than the most.
///
/// # Errors
/// It is more than an export may have.
pub(super) async fn bounds(pg: &Pg, order: &ExportOrder) -> Result<UsageBounds, Problem> {
    let rows = match order.source {
        ExportSource::Run(run) => rows_of_run(pg, run, order).await?,
        ExportSource::Changes(range) => range.to.number() - range.from.number(),
    };
    if rows > EXPORT_ROWS_MAX {
        let why = format!(
            "this has up to {rows} rows, and an export has at most {EXPORT_ROWS_MAX}: order a part of it"
        );
        return Err(Problem::body("/filter", why));
    }
    let (most, mostly) = row_bytes(order.what);
    let usage = |row_bytes: u64| {
        // A file without rows is something, too.
        let megabytes = PriceUnit::megabytes((rows * row_bytes).max(1));
        let usage = Usage::of(PriceClass::Export).with(PriceItem::ExportRow, rows);
        usage.with(PriceItem::ExportMegabyte, megabytes)
    };
    let least = Usage::of(PriceClass::Export);
    Ok(UsageBounds { least, expected: usage(mostly), most: usage(most) })
}

/// The most rows of an order of a run.
async fn rows_of_run(pg: &Pg, run: RunId, order: &ExportOrder) -> Result<u64, Problem> {
    Ok(match order.what {
        ExportSubject::People => score::count(pg, run).await?,
        ExportSubject::Profiles => score::count(pg, run).await? + person::joined(pg).await?,
        ExportSubject::Communities => community::count(pg, run, order.filter.level).await?,
        ExportSubject::Memberships => membership::count(pg, run, order.filter.community).await?,
        ExportSubject::Changes => 0,
    })
}
