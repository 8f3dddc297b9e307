//! Publishes the next minute's price index of each class.
//!
//! A tick publishes the epoch that begins next, from what was used in the epoch that ended last, and
//! nothing else: an epoch that was missed stays a gap, because a price that is published after it held
//! would be one that no client could know.

use std::time::Duration;

use model::epoch::EPOCH_SECONDS;
use model::{Epoch, PriceClass, PublishedEpoch, Timestamp};
use pricing::controller::EPOCHS_SUMMED_MAX;
use pricing::history::{DueEpoch, due_epoch, first_epoch, next_epoch};
use pricing::{EpochUse, PayerUse, class_use};
use serde::Serialize;
use store::pg::price;

use crate::{MeterDependencies, MeterError};

/// How far into a minute its tick waits, in seconds: by then the charges of the minute before are posted.
/// What is posted later is lost for the price.
const SETTLE_SECONDS: i64 = 10;

/// What was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PriceReport {
    /// The epochs that are published now and were not before.
    pub published: u64,
    /// The epochs before them that were not published and never will be, of the class with the most.
    pub missed: u64,
}

/// How long a tick at `now` is to wait until the use of the last minute is known.
///
/// ```
/// use billing_meter::until_settled;
///
/// let seconds = |time: &str| until_settled(time.parse().unwrap()).as_secs();
/// assert_eq!(seconds("2026-11-22T10:00:00Z"), 10);
/// assert_eq!(seconds("2026-11-22T10:00:09Z"), 1);
/// assert_eq!(seconds("2026-11-22T10:00:10Z"), 0);
/// assert_eq!(seconds("2026-11-22T10:00:59Z"), 0);
/// ```
pub fn until_settled(now: Timestamp) -> Duration {
    let seconds = now.as_second() - Epoch::of(now).start().as_second();
    let left = SETTLE_SECONDS - seconds.clamp(0, EPOCH_SECONDS);
    Duration::from_secs(u64::try_from(left).unwrap_or(0))
}

/// Publishes what is due now of each class. The first time that is the current epoch, too: its prices
/// are the floors.
///
/// # Errors
/// Those of the database; a history that cannot be continued.
pub async fn publish_prices(deps: MeterDependencies<'_>) -> Result<PriceReport, MeterError> {
    let mut report = PriceReport::default();
    for class in PriceClass::ALL {
        let of_class = publish_class(deps, class).await?;
        report.published += of_class.published;
        report.missed = report.missed.max(of_class.missed);
    }
    Ok(report)
}

async fn publish_class(
    deps: MeterDependencies<'_>,
    class: PriceClass,
) -> Result<PriceReport, MeterError> {
    let mut report = PriceReport::default();
    let due = due_epoch(deps.clock.now());
    let mut known = price::recent(deps.pg, class, EPOCHS_SUMMED_MAX as u32).await?;
    if known.is_empty() {
        let first = first_epoch(class, due.epoch.before(1), deps.targets.of(class));
        report.published += u64::from(price::publish(deps.pg, &first, None).await?);
        known = price::recent(deps.pg, class, EPOCHS_SUMMED_MAX as u32).await?;
    }
    let Some(last) = known.last().filter(|last| last.epoch < due.epoch) else { return Ok(report) };
    let (after, missed) = (last.epoch, due.epoch.number() - last.epoch.number() - 1);
    let next = price_of(deps, &known, class, due).await?;
    // What took until the epoch began is too late: the index of the one before holds on.
    if due_epoch(deps.clock.now()) != due {
        tracing::warn!(%class, epoch = due.epoch.number(), "a price came too late");
        return Ok(report);
    }
    if price::publish(deps.pg, &next, Some(after)).await? {
        report = PriceReport { published: report.published + 1, missed: u64::from(missed) };
    }
    Ok(report)
}

/// The epoch that is due, from what was used.
async fn price_of(
    deps: MeterDependencies<'_>,
    known: &[PublishedEpoch],
    class: PriceClass,
    due: DueEpoch,
) -> Result<PublishedEpoch, MeterError> {
    let payers = price::class_use(deps.pg, class, due.used_in).await?;
    let used = class_use::used(
        payers.iter().map(|payer| PayerUse { paid: payer.paid, refused: payer.refused }),
    );
    Ok(next_epoch(known, due.epoch, EpochUse { used, target: deps.targets.of(class) })?)
}
