//! What payers spent, by key, route and day: sums of what the ledger has, kept by it
//! ([`mod@super::ledger`]).

use model::{Day, KeyId, MicroCredits, PayerId};

use super::Pg;
use super::params::params;
use super::row::{TableRow, USAGE_DAY};
use crate::StoreError;

/// The most rows of one answer.
pub const ROWS_MAX: u32 = 10_000;

const USAGE: &str = "select case when $4 then key_id end key_id, case when $5 then route end route,
        case when $6 then day end as day, sum(charges)::bigint charges, sum(amount)::bigint amount
    from usage_day where payer_id = $1 and day between $2 and $3
    group by 1, 2, 3 order by 5 desc, 1, 2, 3 limit $7";
const SPENT: &str = "select coalesce(sum(amount), 0)::bigint amount from usage_day
    where payer_id = $1 and day = $2";

/// What divides charges into rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageGrouping {
    /// The key that they were asked with.
    pub by_key: bool,
    /// What was asked for.
    pub by_route: bool,
    /// When they were served.
    pub by_day: bool,
}

/// Charges that are alike in what divides them; the rest is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The key.
    pub key: Option<KeyId>,
    /// The route.
    pub route: Option<String>,
    /// The UTC day.
    pub day: Option<Day>,
    /// How many there are.
    pub charges: u64,
    /// What they cost.
    pub amount: MicroCredits,
}

/// What was charged to a payer from one day to another, which is included, as far as it is posted: at most
/// [`ROWS_MAX`] rows, the largest amounts first.
pub async fn usage(
    pg: &Pg,
    payer: PayerId,
    from: Day,
    until: Day,
    grouping: UsageGrouping,
) -> Result<Vec<UsageRow>, StoreError> {
    let params = params![
        payer.number() as i64 => INT8,
        i32::from(from.0) => INT4,
        i32::from(until.0) => INT4,
        grouping.by_key => BOOL,
        grouping.by_route => BOOL,
        grouping.by_day => BOOL,
        i64::from(ROWS_MAX) => INT8,
    ];
    let rows = pg.query("spending::usage", USAGE, params).await?;
    USAGE_DAY.rows(&rows).map(usage_row).collect()
}

fn usage_row(row: TableRow<'_>) -> Result<UsageRow, StoreError> {
    let day = row.optional_count("day")?.map(|day| {
        let day = u16::try_from(day);
        day.map(Day).map_err(|_| row.corrupt("day", "no day"))
    });
    Ok(UsageRow {
        key: row.get::<Option<i64>>("key_id")?.map(|key| KeyId::new(key as u64)),
        route: row.get("route")?,
        day: day.transpose()?,
        charges: row.unsigned("charges")?,
        amount: MicroCredits::new(row.get("amount")?),
    })
}

/// What was charged to a payer on a UTC day, as far as it is posted.
pub async fn spent_on(pg: &Pg, payer: PayerId, day: Day) -> Result<MicroCredits, StoreError> {
    let params = params![payer.number() as i64 => INT8, i32::from(day.0) => INT4];
    let rows = pg.query("spending::spent_on", SPENT, params).await?;
    let amount = USAGE_DAY.rows(&rows).next().map(|row| row.get("amount"));
    amount.unwrap_or(Ok(0)).map(MicroCredits::new)
}
