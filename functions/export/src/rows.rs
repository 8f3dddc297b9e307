//! The rows of an export, a step at a time, as consent allows them at that moment.

mod changes;
mod communities;
mod people;

pub(crate) use changes::check_stream;

use std::fmt::Display;
use std::num::NonZeroU32;

use model::export::{ExportPlace, ExportSource};
use model::{ExportOrder, ExportSubject};
use store::Pg;
use store::table::CellValue;

use crate::ExportError;
use crate::consent::NamingProfiles;

/// How much of a list one step reads.
const STEP: u32 = 1_000;

/// About how many rows a step has at most: a person may have several profiles.
pub(crate) const STEP_ROWS_MAX: u64 = 4_000;

/// What a step gave.
pub(crate) struct RowStep {
    /// The rows.
    pub(crate) rows: Vec<Vec<CellValue>>,
    /// By which profiles they name people.
    pub(crate) names: NamingProfiles,
    /// Where the next step begins; `None` at the end.
    pub(crate) next: Option<ExportPlace>,
}

impl RowStep {
    /// That there is nothing more.
    fn end() -> RowStep {
        RowStep { rows: Vec::new(), names: NamingProfiles::default(), next: None }
    }
}

/// The rows from a place on.
pub(crate) async fn step(
    pg: &Pg,
    order: &ExportOrder,
    place: ExportPlace,
) -> Result<RowStep, ExportError> {
    let filter = &order.filter;
    match (order.source, order.what) {
        (ExportSource::Changes(range), ExportSubject::Changes) => {
            changes::step(pg, range, place).await
        }
        (ExportSource::Run(run), ExportSubject::People) => people::step(pg, run, place).await,
        (ExportSource::Run(run), ExportSubject::Profiles) => {
            people::profiles(pg, run, filter.platform, place).await
        }
        (ExportSource::Run(run), ExportSubject::Communities) => {
            communities::step(pg, run, filter.level, place).await
        }
        (ExportSource::Run(run), ExportSubject::Memberships) => {
            communities::memberships(pg, run, filter.community, place).await
        }
        _ => Err(ExportError::GivenUp("it is made from something else than its rows".to_owned())),
    }
}

fn text(value: impl Display) -> CellValue {
    CellValue::Text(value.to_string())
}

fn optional_text(value: Option<impl Display>) -> CellValue {
    value.map_or(CellValue::Null, text)
}

fn whole(value: impl Into<i64>) -> CellValue {
    CellValue::Whole(value.into())
}

fn optional_whole(value: Option<u32>) -> CellValue {
    value.map_or(CellValue::Null, whole)
}

fn rank(value: Option<NonZeroU32>) -> CellValue {
    optional_whole(value.map(NonZeroU32::get))
}

/// A share; what is no number is nothing.
fn share(value: f32) -> CellValue {
    if value.is_finite() { CellValue::Single(value) } else { CellValue::Null }
}

fn optional_share(value: Option<f32>) -> CellValue {
    value.map_or(CellValue::Null, share)
}
