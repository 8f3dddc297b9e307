//! The engine's own cursor: the platform's cursor and what else a cut stream needs to continue.

use serde::{Deserialize, Serialize};

use super::feed_reading::FeedReading;

/// Where a cut stream continues. Kept as JSON in `StreamProgress::cursor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamCheckpoint {
    /// Pages read so far, in all visits of this round.
    #[serde(rename = "p", default)]
    pub(super) pages: u32,
    /// The platform's cursor for the next page.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// Interactions: what was read in this round.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(super) reading: Option<FeedReading>,
    /// Interactions: the newest post, as earlier versions kept it.
    #[serde(rename = "t", default, skip_serializing)]
    newest: Option<String>,
    /// Lists: how many accounts were listed in this round.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub(super) accounts: u32,
    /// Lists: whether one ended without the host's saying that this is all.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_open: bool,
    /// Lists of lists: the one that is being read.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(accounts: &u32) -> bool {
    *accounts == 0
}

impl StreamCheckpoint {
    /// Reads a cursor; none, or one that is not ours, is the start.
    pub(super) fn parse(cursor: Option<&str>) -> StreamCheckpoint {
        let mut checkpoint: StreamCheckpoint =
            cursor.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let newest = checkpoint.newest.take();
        let reading = checkpoint.reading.take();
        checkpoint.reading = reading.or_else(|| Some(FeedReading::of_newest(&newest?)));
        checkpoint
    }

    /// The cursor; `None` at the start.
    pub(super) fn cursor(&self) -> Option<String> {
        match *self == StreamCheckpoint::default() {
            true => None,
            false => serde_json::to_string(self).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_foreign_ones_are_the_start() {
        let checkpoint = StreamCheckpoint {
            pages: 3,
            cursor: Some("a=b".into()),
            reading: Some(FeedReading::of_newest("7")),
            ..StreamCheckpoint::default()
        };
        assert_eq!(StreamCheckpoint::parse(checkpoint.cursor().as_deref()), checkpoint);
        assert_eq!(StreamCheckpoint::parse(Some("{\"p\":\"x\"}")), StreamCheckpoint::default());
        assert_eq!(StreamCheckpoint::default().cursor(), None);
    }

    #[test]
    fn a_round_that_an_earlier_version_began_continues() {
        let began = StreamCheckpoint::parse(Some(r#"{"p":3,"c":"a=b","t":"7","b":"5"}"#));
        assert_eq!((began.pages, began.cursor.as_deref()), (3, Some("a=b")));
        assert_eq!(began.reading, Some(FeedReading::of_newest("7")));
    }
}
