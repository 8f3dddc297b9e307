//! Files that clients order: what is in them, how far they are, and their parts.
//!
//! An export is made from something sealed, a run or a range of the change stream, in *parts* that never change;
//! a part that names someone who was erased since is replaced by one without.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::change::{ChangePosition, ChangeRange};
use crate::charge::ChargeRef;
use crate::epoch::{PriceIndex, PriceVersion};
use crate::id::{CommunityId, ExportId, KeyId, RunId};
use crate::money::MicroCredits;
use crate::platform::Platform;
use crate::time::Timestamp;
use crate::varint::{self, VarintError};

/// The most exports of one payer that are not ended.
pub const OPEN_EXPORTS_MAX: u32 = 5;

/// The most rows of an export.
pub const EXPORT_ROWS_MAX: u64 = 100_000_000;

/// The most rows of one part. None has 500 bytes, so no part has more than 50 MB.
pub const PART_ROWS_MAX: u64 = 100_000;

/// The most parts of an export.
pub const PARTS_MAX: u32 = 2_000;

/// For how many days an export is kept after it is done.
pub const EXPORT_DAYS: i64 = 7;

/// The text names none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {what}: take {known}")]
pub struct ExportNameError {
    what: &'static str,
    name: String,
    known: String,
}

/// Defines what has a stored number and a public name; neither changes.
macro_rules! numbered_names {
    ($(#[$doc:meta])* $type:ident $what:literal $(#[doc = $meaning:literal] $name:ident = $number:literal $slug:literal)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[repr(u8)]
        pub enum $type {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl $type {
            /// Every value, by number.
            pub const ALL: &[$type] = &[$($type::$name),*];

            /// The value with this stored number.
            pub fn from_number(number: u8) -> Option<$type> {
                $type::ALL.iter().copied().find(|&value| value as u8 == number)
            }

            /// The name in the API.
            pub const fn slug(self) -> &'static str {
                match self { $($type::$name => $slug,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.slug())
            }
        }

        impl FromStr for $type {
            type Err = ExportNameError;

            fn from_str(name: &str) -> Result<$type, ExportNameError> {
                let found = $type::ALL.iter().copied().find(|value| value.slug() == name);
                found.ok_or_else(|| {
                    let known: Vec<&str> = $type::ALL.iter().map(|value| value.slug()).collect();
                    let name = name.chars().take(80).collect();
                    ExportNameError { what: $what, name, known: known.join(", ") }
                })
            }
        }

        impl TryFrom<String> for $type {
            type Error = ExportNameError;

            fn try_from(name: String) -> Result<$type, ExportNameError> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.slug().to_owned()
            }
        }
    };
}

numbered_names! {
    /// What the rows of an export are.
    ExportSubject "list that can be exported"
    /// The people of a run, with their global scores.
    People = 1 "people"
    /// The profiles of a run's people.
    Profiles = 2 "profiles"
    /// The communities of a run.
    Communities = 3 "communities"
    /// Who has which rank in which community of a run.
    Memberships = 4 "memberships"
    /// Events of the change stream, those of arcs left out.
    Changes = 5 "changes"
}

numbered_names! {
    /// The form of an export's files.
    ExportFormat "form of files"
    /// One JSON object a line, gzip-compressed.
    Ndjson = 1 "ndjson"
    /// Apache Parquet, zstd-compressed.
    Parquet = 2 "parquet"
}

numbered_names! {
    /// How far an export is.
    ExportState "state of an export"
    /// Nothing is written yet.
    Queued = 1 "queued"
    /// Parts are being written.
    Running = 2 "running"
    /// All parts are written and it is being charged: it cannot be cancelled any more.
    Settling = 3 "settling"
    /// It is charged, and can be fetched.
    Done = 4 "done"
    /// It was given up, and costs nothing.
    Failed = 5 "failed"
    /// Its payer cancelled it, and it costs nothing.
    Cancelled = 6 "cancelled"
}

impl ExportState {
    /// Whether nothing more will happen to it.
    pub const fn is_ended(self) -> bool {
        matches!(self, ExportState::Done | ExportState::Failed | ExportState::Cancelled)
    }
}

impl ExportFormat {
    /// How the names of its files end.
    pub const fn ending(self) -> &'static str {
        match self {
            ExportFormat::Ndjson => "ndjson.gz",
            ExportFormat::Parquet => "parquet",
        }
    }

    /// The media type of its files.
    pub const fn media_type(self) -> &'static str {
        match self {
            ExportFormat::Ndjson => "application/gzip",
            ExportFormat::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Which rows are wanted, where not all are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object with fields of a filter")]
pub struct ExportFilter {
    /// Memberships of this community only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community: Option<CommunityId>,
    /// Communities of this level only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Profiles of this platform only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl ExportFilter {
    /// The first field that says nothing about rows of this kind.
    pub fn misplaced(&self, what: ExportSubject) -> Option<&'static str> {
        let fields = [
            ("community", self.community.is_some(), ExportSubject::Memberships),
            ("level", self.level.is_some(), ExportSubject::Communities),
            ("platform", self.platform.is_some(), ExportSubject::Profiles),
        ];
        let misplaced = fields.into_iter().find(|&(_, is_set, of)| is_set && of != what);
        misplaced.map(|(name, ..)| name)
    }
}

/// The sealed data that an export is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportSource {
    /// A run.
    Run(RunId),
    /// A range of the change stream.
    Changes(ChangeRange),
}

/// What is to be in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOrder {
    /// What the rows are.
    pub what: ExportSubject,
    /// The form of the files.
    pub format: ExportFormat,
    /// Which rows.
    pub filter: ExportFilter,
    /// What they are made from.
    pub source: ExportSource,
}

/// On which terms an export is paid: its most is held when it is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportTerms {
    /// Its charge, and who pays.
    pub charge: ChargeRef,
    /// The hash of the request, by which another request under the same charge is found out.
    pub request: [u8; 32],
    /// The key that asked.
    pub key: KeyId,
    /// The most that it costs.
    pub most: MicroCredits,
    /// By which prices.
    pub price_version: PriceVersion,
    /// The price index that it is charged with.
    pub index: PriceIndex,
    /// When the hold ends: what is not done by then fails.
    pub held_until: Timestamp,
}

/// Where the writing of an export goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPlace {
    /// The last community that is done, by its number of members and its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<(u32, CommunityId)>,
    /// The next row of what the list has: a person's number, a place in a community, or the last position that was
    /// read.
    pub row: u64,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// What is in it.
    pub order: ExportOrder,
    /// How it is paid.
    pub terms: ExportTerms,
    /// Which hold of the charge it has, once it has one.
    pub attempt: Option<u32>,
    /// How far it is.
    pub state: ExportState,
    /// Where the next part begins.
    pub place: ExportPlace,
    /// How many parts are written.
    pub parts: u32,
    /// How many rows they have.
    pub rows: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// What it cost, once it is done.
    pub cost: Option<MicroCredits>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When all parts were written, or it failed or was cancelled.
    pub ended_at: Option<Timestamp>,
    /// When it is deleted.
    pub expires_at: Timestamp,
}

/// What a part is, besides its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFile {
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, which is also a part of its key among the objects.
    pub sha256: [u8; 32],
    /// The people and profiles that it names, and the profiles by which people are named.
    pub held: HeldIds,
    /// The profiles among them whose bios allow that people are named beside sensitive communities.
    pub by_bio: HeldIds,
    /// When its rows began to be read or looked at.
    pub reading: PartReading,
}

/// When rows were read: who was erased, or took something back, before is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReading {
    /// The time.
    pub at: Timestamp,
    /// The transactions that had ended by then.
    pub seen: SeenTransactions,
}

/// The transactions that a reading sees, as PostgreSQL writes a snapshot: `first:end:running,running`.
///
/// ```
/// use model::export::SeenTransactions;
///
/// let seen: SeenTransactions = "7:10:7,9".parse().unwrap();
/// assert_eq!([6, 7, 8, 9, 10].map(|xid| seen.has(xid)), [true, false, true, false, false]);
/// assert_eq!(seen.to_string(), "7:10:7,9");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTransactions {
    first: u64,
    end: u64,
    running: Vec<u64>,
}

impl SeenTransactions {
    /// All below it are seen.
    pub const fn first_unseen(&self) -> u64 {
        self.first
    }

    /// Whether what this transaction wrote is seen, if it did not fail.
    pub fn has(&self, transaction: u64) -> bool {
        transaction < self.end && !self.running.contains(&transaction)
    }
}

/// The text is no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no snapshot of transactions")]
pub struct SnapshotTextError;

impl FromStr for SeenTransactions {
    type Err = SnapshotTextError;

    fn from_str(text: &str) -> Result<SeenTransactions, SnapshotTextError> {
        let number = |text: &str| text.parse().map_err(|_| SnapshotTextError);
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().ok_or(SnapshotTextError);
        let (first, end, running) = (number(next()?)?, number(next()?)?, next()?);
        let running = running.split(',').filter(|text| !text.is_empty()).map(number);
        Ok(SeenTransactions { first, end, running: running.collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for SeenTransactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running: Vec<String> = self.running.iter().map(u64::to_string).collect();
        write!(f, "{}:{}:{}", self.first, self.end, running.join(","))
    }
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPart {
    /// Its number, from 0.
    pub part: u32,
    /// The part of the change stream that it has; `None` of a run.
    pub range: Option<ChangeRange>,
    /// What it is now.
    pub file: PartFile,
}

/// The key of a part among the objects. It is made of the part's contents, so that two workers who write the same
/// part write two objects, of which one is in the manifest.
pub fn part_key(export: ExportId, part: u32, sha256: &[u8; 32], format: ExportFormat) -> String {
    let hash: String = sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{part:05}-{hash}.{}", export_prefix(export), format.ending())
}

/// What marks the exports that are segments: numbers of others have 63 bits.
const SEGMENT_BIT: u64 = 1 << 63;

/// The export that the segment after a position is stored as: always the same one, so that what a worker that died left
/// of it is found.
pub const fn segment_export(from: ChangePosition) -> ExportId {
    ExportId::new(SEGMENT_BIT | from.number())
}

/// Whether an export is a segment.
pub const fn is_segment(export: ExportId) -> bool {
    export.number() & SEGMENT_BIT != 0
}

/// What the keys of all objects of an export begin with. Segments lie apart, since they are kept for longer.
pub fn export_prefix(export: ExportId) -> String {
    let folder = if is_segment(export) { "segments" } else { "exports" };
    format!("{folder}/{export}/")
}

/// Numbers of people and profiles, sorted. A person's number is that of its first profile, so an erased profile is
/// found as both.
///
/// ```
/// use model::export::HeldIds;
///
/// let held: HeldIds = [9, 3, 9, 300].into_iter().collect();
/// assert_eq!(HeldIds::unpack(&held.pack()), Ok(held.clone()));
/// assert!(held.has_any(&[4, 300]) && !held.has_any(&[4, 5]));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldIds(Vec<u64>);

impl FromIterator<u64> for HeldIds {
    fn from_iter<I: IntoIterator<Item = u64>>(ids: I) -> HeldIds {
        let mut ids: Vec<u64> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        HeldIds(ids)
    }
}

impl HeldIds {
    /// The differences of neighbours as varints: about two bytes an id.
    pub fn pack(&self) -> Vec<u8> {
        let (mut packed, mut last) = (Vec::with_capacity(2 * self.0.len()), 0);
        for &id in &self.0 {
            varint::put(&mut packed, id - last);
            last = id;
        }
        packed
    }

    /// Reads what [`HeldIds::pack`] made.
    ///
    /// # Errors
    /// The bytes are not such a list.
    pub fn unpack(mut packed: &[u8]) -> Result<HeldIds, VarintError> {
        let (mut ids, mut last) = (Vec::new(), 0u64);
        while !packed.is_empty() {
            last = last.checked_add(varint::take(&mut packed)?).ok_or(VarintError::TooLong)?;
            ids.push(last);
        }
        Ok(HeldIds(ids))
    }

    /// Whether this one is among them. O(log n).
    pub fn has(&self, id: u64) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }

    /// Whether any of these is named. O(these · log named).
    pub fn has_any(&self, ids: &[u64]) -> bool {
        ids.iter().any(|&id| self.has(id))
    }

    /// How many are named.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn held_ids_read_back(ids: Vec<u64>) {
            let held: HeldIds = ids.iter().copied().collect();
            prop_assert_eq!(HeldIds::unpack(&held.pack()), Ok(held.clone()));
            prop_assert!(ids.iter().all(|&id| held.has_any(&[id])));
        }
    }

    #[test]
    fn bytes_that_are_no_list_are_refused() {
        assert_eq!(HeldIds::unpack(&[0x80]), Err(VarintError::Truncated));
        let beyond = [HeldIds(vec![u64::MAX]).pack(), vec![1]].concat();
        assert_eq!(HeldIds::unpack(&beyond), Err(VarintError::TooLong));
    }

    #[test]
    fn stored_numbers_and_names_never_change() {
        let slugs = |all: Vec<&'static str>| all.join(" ");
        let subjects = ExportSubject::ALL.iter().map(|one| one.slug()).collect();
        assert_eq!(slugs(subjects), "people profiles communities memberships changes");
        let states = ExportState::ALL.iter().map(|one| one.slug()).collect();
        assert_eq!(slugs(states), "queued running settling done failed cancelled");
        for (number, &state) in (1..).zip(ExportState::ALL) {
            assert_eq!((state as u8, ExportState::from_number(number)), (number, Some(state)));
            assert_eq!(state.slug().parse(), Ok(state));
        }
        let refused = "csv".parse::<ExportFormat>().unwrap_err().to_string();
        assert_eq!(refused, "`csv` is no form of files: take ndjson, parquet");
    }

    #[test]
    fn a_filter_is_for_one_kind_of_rows() {
        let level = ExportFilter { level: Some(1), ..ExportFilter::default() };
        assert_eq!(level.misplaced(ExportSubject::Communities), None);
        assert_eq!(level.misplaced(ExportSubject::People), Some("level"));
        assert_eq!(ExportFilter::default().misplaced(ExportSubject::Changes), None);
    }

    #[test]
    fn keys_of_objects_have_what_the_port_allows() {
        let key = part_key(ExportId::new(33), 7, &[0xab; 32], ExportFormat::Ndjson);
        assert_eq!(key, format!("exports/exp_11/00007-{}.ndjson.gz", "ab".repeat(16)));
        let segment = segment_export(ChangePosition::new(1));
        assert_eq!(export_prefix(segment), "segments/exp_8000000000001/");
    }

    #[test]
    fn exports_that_are_segments_are_told_by_their_numbers() {
        let segment = segment_export(ChangePosition::new(77));
        assert!(is_segment(segment) && !is_segment(ExportId::new(u64::MAX >> 1)));
        assert_eq!(segment.to_string().parse(), Ok(segment));
    }
}
