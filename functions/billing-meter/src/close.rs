//! Seals last month's statements, compares the ledger's sums with its lines, and deletes what need not be
//! kept.

use billing::{StatementOutcome, make_statement};
use model::port::{Ledger, PortError};
use model::{Day, Epoch, Month, PayerId, Timestamp};
use serde::Serialize;
use store::StoreError;
use store::pg::ledger::differing_payers;
use store::pg::{answer_count, price, quote};

use crate::{MeterDependencies, MeterError};

/// For how many epochs use by payer is kept: long enough to look at, and far longer than until its price
/// is published.
const USE_EPOCHS: u32 = 120;
/// For how many days the counts of free answers are kept.
const COUNT_DAYS: u16 = 7;
/// How long quotes are kept after their end, in seconds.
const QUOTE_SECONDS: i64 = 86_400;
/// The most rounds of one deletion; the next day's continues.
const ROUNDS_MAX: usize = 1_000;

/// What was sealed and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CloseReport {
    /// Payers whose last month is sealed, now or before.
    pub sealed: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Payers of whom the ledger's sums are not those of its lines; at most 100 are counted.
    pub wrong_sums: u64,
}

/// Seals the statement of last month for every payer, and those of months before it that are missing.
/// One that fails stops no other. Then deletes what is past its retention, and adds up every line of the
/// ledger.
///
/// # Errors
/// Those of the database, and [`MeterError::Statements`] after all the rest is done.
pub async fn close(deps: MeterDependencies<'_>) -> Result<CloseReport, MeterError> {
    let now = deps.clock.now();
    let statements = seal_all(deps, now).await?;
    let deleted = delete_old(deps, now).await?;
    let wrong = differing_payers(deps.pg).await?;
    if let Some(payer) = wrong.first() {
        tracing::error!(%payer, payers = wrong.len(), "sums of the ledger are not those of its lines");
    }
    let wrong_sums = wrong.len() as u64;
    match statements.failed {
        None => Ok(CloseReport { sealed: statements.sealed, deleted, wrong_sums }),
        Some((payer, why)) => Err(MeterError::Statements {
            failed: statements.payers - statements.sealed,
            payers: statements.payers,
            payer,
            why,
        }),
    }
}

#[derive(Default)]
struct SealedStatements {
    payers: u64,
    sealed: u64,
    /// The first that failed, and why.
    failed: Option<(PayerId, String)>,
}

async fn seal_all(
    deps: MeterDependencies<'_>,
    now: Timestamp,
) -> Result<SealedStatements, MeterError> {
    let (ledger, month) = (deps.ledger(), Month::of(now).previous());
    let (mut found, mut after) = (SealedStatements::default(), None);
    loop {
        let page = ledger.payers(after.as_deref()).await?;
        for payer in page.items {
            found.payers += 1;
            match seal(&ledger, payer, month, now).await {
                Ok(()) => found.sealed += 1,
                Err(error @ PortError::Retry(_)) => return Err(error.into()),
                Err(PortError::Refused(why)) => {
                    tracing::error!(%payer, why, "a statement cannot be sealed");
                    found.failed.get_or_insert((payer, why));
                }
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Seals each month from the last sealed one to `until`.
async fn seal(
    ledger: &impl Ledger,
    payer: PayerId,
    until: Month,
    now: Timestamp,
) -> Result<(), PortError> {
    let last = ledger.last_statement(payer, until).await?;
    let mut month = last.map_or(until, |last| last.month.next());
    while month <= until {
        let outcome = make_statement(ledger, payer, month, now).await?;
        // In its first hour a month may still get lines of the one before: tomorrow, then.
        if outcome == StatementOutcome::TooEarly || month.next() == month {
            break;
        }
        month = month.next();
    }
    Ok(())
}

async fn delete_old(deps: MeterDependencies<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let pg = deps.pg;
    let first_use = Epoch::of(now).before(USE_EPOCHS);
    let first_day = Day(Day::of(now).0.saturating_sub(COUNT_DAYS));
    let first_quote = Timestamp::from_second(now.as_second() - QUOTE_SECONDS);
    let first_quote = first_quote.unwrap_or(Timestamp::MIN);
    let mut deleted = until_done(|| price::retire_use(pg, first_use)).await?;
    deleted += until_done(|| answer_count::retire(pg, first_day)).await?;
    deleted += until_done(|| quote::retire(pg, first_quote)).await?;
    Ok(deleted)
}

/// Repeats a bounded deletion until nothing is left; returns how many rows it deleted.
async fn until_done<F>(delete: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut deleted = 0;
    for _ in 0..ROUNDS_MAX {
        match delete().await? {
            0 => break,
            rows => deleted += rows,
        }
    }
    Ok(deleted)
}
