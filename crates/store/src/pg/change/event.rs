//! The stored form of events.

use model::varint;
use model::{Direction, Layer, PersonId, ProfileId};
use tokio_postgres::Row;

use super::{Change, Event, Position, rank};
use crate::StoreError;
use crate::pg::value::{corrupt, from_ms, profile_id};

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

pub(super) fn from_row(row: &Row) -> Result<Event, StoreError> {
    let seq: i64 = row.get(1);
    Ok(Event {
        position: Position { xid: row.get::<_, i64>(0) as u64, seq },
        at: from_ms(row.get(2)),
        subject: profile_id(row.get(4)),
        change: change(row).ok_or_else(|| corrupt(("change_log", "kind"), seq, "no event"))?,
    })
}

fn change(row: &Row) -> Option<Change> {
    let number = |at: usize| u8::try_from(row.get::<_, Option<i16>>(at)?).ok();
    let ids = |at: usize| decode(row.get::<_, Option<&[u8]>>(at).unwrap_or_default());
    match row.get::<_, i16>(3) {
        kind if kind == Kind::Arcs as i16 => Some(Change::Arcs {
            layer: number(5).and_then(Layer::from_number)?,
            direction: number(6).and_then(Direction::from_number)?,
            added: ids(7)?,
            removed: ids(8)?,
        }),
        kind if kind == Kind::Gone as i16 => Some(Change::Gone),
        kind if kind == Kind::Joined as i16 => ids(7).map(Change::Joined),
        kind if kind == Kind::Parted as i16 => ids(8).map(Change::Parted),
        kind if kind == Kind::Rank as i16 => {
            let person = PersonId::new(row.get::<_, i64>(4) as u64);
            rank::decode(person, row.get::<_, Option<&[u8]>>(9)?).ok().map(Change::Rank)
        }
        _ => None,
    }
}
