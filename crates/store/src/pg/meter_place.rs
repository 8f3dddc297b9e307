//! Where work on all payers or all exports was cut, so that its next invocation continues there.

use model::time::Timestamp;

use super::Pg;
use super::params::params;
use super::row::METER_PLACE;
use super::value::stored_ms;
use crate::StoreError;

const GET: &str = "select work, place from meter_place where work = $1";
const SET: &str = "insert into meter_place (work, place, written_ms) values ($1, $2, $3)
    on conflict (work) do update set place = excluded.place, written_ms = excluded.written_ms";
const CLEAR: &str = "delete from meter_place where work = $1";

/// Work that is done a part at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedWork {
    /// Checking alerts.
    Alerts,
    /// Comparing wallets and ledger.
    Audit,
    /// Looking for the erased in files of exports.
    Exports,
}

impl PlacedWork {
    const fn slug(self) -> &'static str {
        match self {
            PlacedWork::Alerts => "alerts",
            PlacedWork::Audit => "audit",
            PlacedWork::Exports => "exports",
        }
    }
}

/// Where the work is to be continued, in its own terms; `None`: from the beginning.
pub async fn get(pg: &Pg, work: PlacedWork) -> Result<Option<String>, StoreError> {
    let row = pg.query_opt("meter_place::get", GET, params![work.slug() => TEXT]).await?;
    row.as_ref().map(|row| METER_PLACE.row(row).get("place")).transpose()
}

/// Notes where the work is to be continued.
pub async fn set(
    pg: &Pg,
    work: PlacedWork,
    place: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let slug = work.slug();
    let done = match place {
        Some(place) => {
            let params = params![slug => TEXT, place => TEXT, stored_ms(now) => INT8];
            pg.execute("meter_place::set", SET, params).await
        }
        None => pg.execute("meter_place::clear", CLEAR, params![slug => TEXT]).await,
    };
    done.map(|_| ())
}
