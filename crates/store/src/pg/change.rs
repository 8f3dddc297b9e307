//! The change log: what changed. Each event gets a place in one stream that can be followed without gaps.

use model::change::{LineageChange, MembershipChange, ProfileField};
use model::time::Timestamp;
use model::{ChangeKind, Direction, Layer, ProfileId, RankChange};

use super::Pg;
use super::params::params;
use super::row::CHANGE_LOG;
use super::value::stored_id;
use crate::StoreError;

mod event;
mod fixed_page;
mod member;
mod rank;
mod record;
mod retire;
mod stream;

pub use fixed_page::{PageStart, fix_end, fixed_end};
pub(super) use record::{
    ChangedFields, open_day, record_arcs, record_gone, record_members, record_profiles, record_run,
};
pub use retire::retire;
pub use stream::{ChangeScan, PlacedEvent, StreamBounds, page, place_before, scan, sequence};

/// An event's key in the log: later ones of a subject have larger ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// The transaction that wrote it.
    pub xid: u64,
    /// Its number among all.
    pub seq: i64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A list gained and lost arcs.
    Arcs {
        /// The layer of the arcs.
        layer: Layer,
        /// Whose list it is.
        direction: Direction,
        /// The other ends gained, sorted.
        added: Vec<ProfileId>,
        /// The other ends lost, sorted.
        removed: Vec<ProfileId>,
    },
    /// The profile is not there any more, or must not be read.
    Gone,
    /// The profiles joined the subject's person.
    Joined(Vec<ProfileId>),
    /// The profiles parted from the subject's person.
    Parted(Vec<ProfileId>),
    /// The rank of the subject's person changed.
    Rank(RankChange),
    /// The main community of the subject's person changed.
    Membership(MembershipChange),
    /// Something happened to a community.
    Lineage(LineageChange),
    /// Texts of the profile changed.
    Profile(Vec<ProfileField>),
}

impl Change {
    /// What it reports.
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Change::Arcs { .. } => ChangeKind::Arcs,
            Change::Gone => ChangeKind::Gone,
            Change::Joined(_) => ChangeKind::Joined,
            Change::Parted(_) => ChangeKind::Parted,
            Change::Rank(_) => ChangeKind::Rank,
            Change::Membership(_) => ChangeKind::Membership,
            Change::Lineage(_) => ChangeKind::Lineage,
            Change::Profile(_) => ChangeKind::Profile,
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its key.
    pub key: EventKey,
    /// When it was recorded.
    pub at: Timestamp,
    /// The profile, or the profile that has the person's number; `None` of a community.
    pub subject: Option<ProfileId>,
    /// What changed.
    pub change: Change,
}

const OF_SUBJECT: &str =
    "select xid::text::bigint xid_number, seq, at_ms, kind, subject, layer, direction,
        added, removed, body from change_log
    where subject = $1 and (xid, seq) < ($2::text::xid8, $3)
    order by xid desc, seq desc limit $4";

/// Events of one subject, the newest first, at most `limit` before `before`. Those of profiles and people: the
/// numbers of communities are lower than any of theirs.
pub async fn of_subject(
    pg: &Pg,
    subject: ProfileId,
    before: Option<EventKey>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let before = before.unwrap_or(EventKey { xid: u64::MAX, seq: i64::MAX });
    let params = params![
        stored_id(subject) => INT8,
        before.xid.to_string() => TEXT,
        before.seq => INT8,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read("change::of_subject", OF_SUBJECT, params).await?;
    CHANGE_LOG.rows(&rows).map(event::from_row).collect()
}
