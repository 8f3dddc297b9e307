//! The stored form of events.

use model::varint;
use model::{Direction, Layer, ProfileId};

use super::{Change, Event, Position, rank};
use crate::StoreError;
use crate::pg::row::TableRow;
use crate::pg::value::from_ms;

/// The kinds of events; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Kind {
    Arcs = 1,
    Gone = 2,
    Joined = 3,
    Parted = 4,
    Rank = 5,
}

impl Kind {
    fn from_number(number: u8) -> Option<Kind> {
        use Kind::{Arcs, Gone, Joined, Parted, Rank};
        [Arcs, Gone, Joined, Parted, Rank]
            .into_iter()
            .find(|kind| *kind as i16 == i16::from(number))
    }
}

/// Sorted ids as varint differences.
pub(super) fn encode(ids: &[ProfileId]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ids.len() * 2);
    let mut previous = 0;
    for id in ids {
        varint::put(&mut out, id.number() - previous);
        previous = id.number();
    }
    out
}

fn decode(mut bytes: &[u8]) -> Option<Vec<ProfileId>> {
    let (mut ids, mut previous) = (Vec::new(), 0u64);
    while !bytes.is_empty() {
        previous = previous.checked_add(varint::take(&mut bytes).ok()?)?;
        ids.push(ProfileId::new(previous));
    }
    Some(ids)
}

pub(super) fn from_row(row: TableRow<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        position: Position { xid: row.unsigned("xid_number")?, seq: row.get("seq")? },
        at: from_ms(row.get("at_ms")?),
        subject: row.profile_id("subject")?,
        change: change(&row)?,
    })
}

fn change(row: &TableRow<'_>) -> Result<Change, StoreError> {
    let ids = |column| {
        let packed: Option<&[u8]> = row.get(column)?;
        decode(packed.unwrap_or_default()).ok_or_else(|| row.corrupt(column, "no sorted ids"))
    };
    match row.number("kind", Kind::from_number)? {
        Kind::Arcs => Ok(Change::Arcs {
            layer: row.number("layer", Layer::from_number)?,
            direction: row.number("direction", Direction::from_number)?,
            added: ids("added")?,
            removed: ids("removed")?,
        }),
        Kind::Gone => Ok(Change::Gone),
        Kind::Joined => ids("added").map(Change::Joined),
        Kind::Parted => ids("removed").map(Change::Parted),
        Kind::Rank => {
            let change = rank::decode(row.person_id("subject")?, row.get("body")?);
            change.map(Change::Rank).map_err(|why| row.corrupt("body", why))
        }
    }
}
