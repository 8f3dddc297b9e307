//! What charges add up to: by class and epoch for prices, by day for their payer.

use std::collections::BTreeMap;

use model::{Day, Epoch, MicroCredits, Transfer};

use crate::StoreError;
use crate::pg::value::{stored_epoch, stored_units};

/// A row of `class_use`: epoch, class, payer.
type ClassUseKey = (i64, i16, i64);
/// A row of `usage_day`: payer, day, key, route.
type UsageDayKey<'a> = (i64, i32, i64, &'a str);

/// How many charges there were, and what they cost together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayCount {
    pub(super) charges: i64,
    pub(super) amount: MicroCredits,
}

/// What lines add to what was counted before. Their rows are written in this order.
#[derive(Debug, Default)]
pub(super) struct LineCounts<'a> {
    /// Units of the class's capacity.
    pub(super) used: BTreeMap<ClassUseKey, i64>,
    pub(super) days: BTreeMap<UsageDayKey<'a>, DayCount>,
}

impl<'a> LineCounts<'a> {
    /// The counts of these lines. Only charges have a detail, and only they count.
    pub(super) fn of(
        lines: impl Iterator<Item = &'a Transfer>,
    ) -> Result<LineCounts<'a>, StoreError> {
        let mut counts = LineCounts::default();
        for line in lines {
            counts.count_use(line);
            counts.count_day(line)?;
        }
        Ok(counts)
    }

    /// Units saturate: a usage that is too large to count cannot have been paid for.
    fn count_use(&mut self, line: &Transfer) {
        let Some(detail) = &line.detail else { return };
        let units = stored_units(detail.usage.capacity_units().unwrap_or(u64::MAX));
        if units > 0 {
            let (epoch, class) = (Epoch::of(line.event_at), detail.usage.class());
            let key = (stored_epoch(epoch), class as i16, line.payer.number() as i64);
            let sum = self.used.entry(key).or_insert(0);
            *sum = sum.saturating_add(units);
        }
    }

    fn count_day(&mut self, line: &'a Transfer) -> Result<(), StoreError> {
        let Some(detail) = &line.detail else { return Ok(()) };
        let day = i32::from(Day::of(line.event_at).0);
        let (payer, key) = (line.payer.number() as i64, detail.key.number() as i64);
        let none = DayCount { charges: 0, amount: MicroCredits::ZERO };
        let count = self.days.entry((payer, day, key, &detail.route)).or_insert(none);
        count.charges += 1;
        let sum = count.amount.checked_add(line.amount);
        count.amount = sum.ok_or_else(|| too_much(line))?;
        Ok(())
    }
}

fn too_much(line: &Transfer) -> StoreError {
    StoreError::Conflict(format!("count the charges of {}: they cost too much", line.payer))
}
