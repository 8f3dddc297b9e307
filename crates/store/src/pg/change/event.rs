//! The stored form of events.

use model::varint;
use model::{ChangeKind, CommunityId, Direction, Layer, ProfileId};

use super::{Change, Event, EventKey, member, rank};
use crate::StoreError;
use crate::pg::row::TableRow;
use crate::pg::value::from_ms;

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
    let kind = row.number("kind", ChangeKind::from_number)?;
    let subject = row.profile_id("subject")?;
    Ok(Event {
        key: EventKey { xid: row.unsigned("xid_number")?, seq: row.get("seq")? },
        at: from_ms(row.get("at_ms")?),
        subject: (kind != ChangeKind::Lineage).then_some(subject),
        change: change(&row, kind)?,
    })
}

fn change(row: &TableRow<'_>, kind: ChangeKind) -> Result<Change, StoreError> {
    let ids = |column| {
        let packed: Option<&[u8]> = row.get(column)?;
        decode(packed.unwrap_or_default()).ok_or_else(|| row.corrupt(column, "no sorted ids"))
    };
    match kind {
        ChangeKind::Arcs => Ok(Change::Arcs {
            layer: row.number("layer", Layer::from_number)?,
            direction: row.number("direction", Direction::from_number)?,
            added: ids("added")?,
            removed: ids("removed")?,
        }),
        ChangeKind::Gone => Ok(Change::Gone),
        ChangeKind::Joined => ids("added").map(Change::Joined),
        ChangeKind::Parted => ids("removed").map(Change::Parted),
        ChangeKind::Rank => {
            let change = rank::decode(row.person_id("subject")?, row.get("body")?);
            change.map(Change::Rank).map_err(|why| row.corrupt("body", why))
        }
        ChangeKind::Membership => {
            let change = member::decode_membership(row.person_id("subject")?, row.get("body")?);
            change.map(Change::Membership).map_err(|why| row.corrupt("body", why))
        }
        ChangeKind::Lineage => {
            let community = CommunityId::new(row.unsigned("subject")?);
            let change = member::decode_lineage(community, row.get("body")?);
            change.map(Change::Lineage).map_err(|why| row.corrupt("body", why))
        }
        ChangeKind::Profile => {
            let fields = member::decode_fields(row.get("body")?);
            fields.map(Change::Profile).map_err(|why| row.corrupt("body", why))
        }
    }
}
