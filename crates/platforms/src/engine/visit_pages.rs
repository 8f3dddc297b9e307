//! The pages of one visit to a stream: where it is, which cursors it used, and when it is cut.

use std::collections::HashSet;

use super::checkpoint::StreamCheckpoint;
use super::stop_reason::StopReason;
use crate::manifest::PagingRules;

/// How far a visit has read a stream.
#[derive(Debug, Default)]
pub(super) struct VisitPages {
    pub(super) checkpoint: StreamCheckpoint,
    /// Pages read in this visit.
    pub(super) read: u32,
    /// Cursors used in this visit, with the list that they belong to: cursors of different lists may
    /// be alike.
    used: HashSet<(Option<String>, String)>,
}

impl VisitPages {
    /// A visit that begins at a checkpoint.
    pub(super) fn at(checkpoint: StreamCheckpoint) -> VisitPages {
        VisitPages { checkpoint, ..VisitPages::default() }
    }

    /// The cursor of the next page; [`StopReason::Cut`] at the cap of the visit or of the round.
    pub(super) fn next_cursor(
        &mut self,
        paging: &PagingRules,
    ) -> Result<Option<String>, StopReason> {
        if self.is_capped(paging) || self.read >= paging.pages_per_visit {
            return Err(StopReason::Cut);
        }
        let cursor = self.checkpoint.cursor.clone();
        self.used.extend(cursor.clone().map(|cursor| self.key(cursor)));
        Ok(cursor)
    }

    /// Refuses a page whose next cursor was used before: the host loops.
    pub(super) fn refuse_loop(&self, next: Option<&str>, host: &str) -> Result<(), StopReason> {
        match next.is_some_and(|next| self.used.contains(&self.key(next.to_owned()))) {
            true => Err(StopReason::Unreadable(format!("{host} sends the same cursor twice"))),
            false => Ok(()),
        }
    }

    /// Counts a page that was read; the next one is at `next`.
    pub(super) fn advance(&mut self, next: Option<String>) {
        self.checkpoint.pages += 1;
        self.read += 1;
        self.checkpoint.cursor = next;
    }

    /// Whether the round has read as many pages as it may.
    pub(super) fn is_capped(&self, paging: &PagingRules) -> bool {
        self.checkpoint.pages >= paging.pages_max
    }

    fn key(&self, cursor: String) -> (Option<String>, String) {
        (self.checkpoint.item.clone(), cursor)
    }
}
