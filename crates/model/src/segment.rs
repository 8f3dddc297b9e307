//! Segments: complete stretches of the change stream as files that no one ordered.
//!
//! A segment is stored as an export that belongs to [`SEGMENT_OWNER`], so its one file is sealed, looked at, rewritten
//! and deleted as those of exports are. Ranges of segments do not overlap.

use crate::change::{ChangePosition, ChangeRange};
use crate::export::{EXPORT_DAYS, ExportPart};
use crate::id::{ExportId, PayerId};
use crate::time::{Day, Timestamp};

/// Whose exports segments are: no account's, since those have numbers from 1 on.
pub const SEGMENT_OWNER: PayerId = PayerId::new(0);

/// The most positions of a segment. Once this number waits, they are sealed without waiting for the end of the day.
pub const SEGMENT_POSITIONS_MAX: u64 = 1_000_000;

/// For how many days a segment is kept: longer than the events themselves.
pub const SEGMENT_DAYS: i64 = 90;

/// A stretch of the stream as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The export that it is stored as.
    pub export: ExportId,
    /// The part of the stream that it has.
    pub range: ChangeRange,
    /// Its file.
    pub part: ExportPart,
    /// When it is deleted.
    pub expires_at: Timestamp,
}

impl Segment {
    /// Whether its file was looked at lately, so that who took something back is known. Notes of that are kept for a few
    /// days longer.
    pub fn is_looked_after(&self, now: Timestamp) -> bool {
        self.part.file.reading.at >= unread_before(now)
    }
}

/// Segments that were last looked at before this time are given up: as long as files of exports are kept.
pub fn unread_before(now: Timestamp) -> Timestamp {
    let seconds = now.as_second() - EXPORT_DAYS * 86_400;
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

/// A stretch of the stream that no segment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenStretch {
    /// After this position.
    pub from: ChangePosition,
    /// Up to and with this one: the beginning of the next segment or the end of the stream.
    pub to: ChangePosition,
    /// Whether a segment follows, so that it has its full length.
    pub is_bounded: bool,
    /// The day of its first event; `None` if it has none.
    pub first_day: Option<Day>,
}

impl OpenStretch {
    /// The part of it that is to be sealed next; `None` while it is neither long enough nor of a day that is over.
    pub fn due(&self, today: Day) -> Option<ChangeRange> {
        let length = self.to.number().saturating_sub(self.from.number());
        let is_of_past = self.first_day.is_some_and(|day| day < today);
        let is_long = length >= SEGMENT_POSITIONS_MAX;
        let to = self.to.min(self.from.plus(SEGMENT_POSITIONS_MAX));
        let range = ChangeRange { from: self.from, to };
        (length > 0 && (self.is_bounded || is_of_past || is_long)).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: u64, to: u64, first_day: u16) -> OpenStretch {
        let (from, to) = (ChangePosition::new(from), ChangePosition::new(to));
        OpenStretch { from, to, is_bounded: false, first_day: Some(Day(first_day)) }
    }

    #[test]
    fn a_stretch_is_sealed_once_it_is_long_or_of_a_day_that_is_over() {
        let today = Day(20);
        let range = |from, to| {
            let (from, to) = (ChangePosition::new(from), ChangePosition::new(to));
            Some(ChangeRange { from, to })
        };
        assert_eq!(stretch(5, 9, 20).due(today), None);
        assert_eq!(stretch(5, 9, 19).due(today), range(5, 9));
        assert_eq!(stretch(9, 9, 19).due(today), None);
        assert_eq!(stretch(5, 1_000_004, 20).due(today), None);
        assert_eq!(stretch(5, 1_000_005, 20).due(today), range(5, 1_000_005));
        assert_eq!(stretch(5, 9_000_000, 19).due(today), range(5, 1_000_005));
        let bounded = OpenStretch { is_bounded: true, first_day: None, ..stretch(5, 9, 20) };
        assert_eq!(bounded.due(today), range(5, 9));
    }
}
