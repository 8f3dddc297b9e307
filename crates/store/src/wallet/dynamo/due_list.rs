//! Lists of what is unsettled, in the sparse index `due`: hash key `due_list`, range key `due_place`, and
//! `due_ms` and `charge_attempt` besides the keys.
//!
//! A list is in parts, so that no partition of the index is too busy, and each payer is in one of them.
//! Within a part it is in the order of payers: so what is unsettled of one payer is found at once.

use model::PayerId;
use model::time::Timestamp;

use super::item::{Item, ItemKey, number, text};

/// The parts of each list.
pub(super) const PARTS: u64 = 16;
/// A list of what is unsettled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DueList {
    /// Charges with a hold, until it expires.
    Pending,
    /// Served charges.
    Served,
    /// Open leases, until they expire.
    Lease,
}

impl DueList {
    /// The name of the part in which a payer is.
    pub(super) fn name(self, payer: PayerId) -> String {
        self.part(payer.number() % PARTS)
    }

    pub(super) fn part(self, part: u64) -> String {
        let name = match self {
            DueList::Pending => "PENDING",
            DueList::Served => "SERVED",
            DueList::Lease => "LEASE",
        };
        format!("{name}#{part}")
    }

    /// Puts an item into the list.
    pub(super) fn enter(self, item: &mut Item, key: &ItemKey, payer: PayerId, at: Timestamp) {
        item.insert("due_list".to_owned(), text(self.name(payer)));
        item.insert("due_place".to_owned(), text(place(key)));
        item.insert("due_ms".to_owned(), number(at.as_millisecond()));
    }
}

pub(super) fn place(key: &ItemKey) -> String {
    format!("{}|{}", key.pk, key.sk)
}
