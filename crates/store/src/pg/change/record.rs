//! Writing events, within the caller's transaction.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use model::change::RunChanges;
use model::time::{Day, Timestamp};
use model::{ChangeKind, PersonId, ProfileId};

use super::event::encode;
use super::{member, rank};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::adjacency::ChangedAdjacency;
use crate::pg::params::{column, params};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{stored_id, stored_ms};

const RECORD: &str = "insert into change_log
        (day, at_ms, kind, subject, layer, direction, added, removed, body)
    select $1, $2, kind, subject, layer, direction, added, removed, body
    from unnest($3::smallint[], $4::bigint[], $5::smallint[], $6::smallint[], $7::bytea[],
        $8::bytea[], $9::bytea[]) u(kind, subject, layer, direction, added, removed, body)";

/// Makes the day's part of the log, if it is not there. Once a day for each process.
pub(in crate::pg) async fn open_day(pg: &Pg, now: Timestamp) -> Result<(), StoreError> {
    let day = Day::of(now);
    let known = u32::from(day.0) + 1;
    if pg.open_day.load(Ordering::Relaxed) != known {
        let params = params![i32::from(day.0) => INT4];
        pg.execute_lasting("change::open_day", "select open_day($1)", params).await?;
        pg.open_day.store(known, Ordering::Relaxed);
    }
    Ok(())
}

/// An event to be written.
#[derive(Default)]
struct NewEvent {
    kind: i16,
    subject: i64,
    layer: Option<i16>,
    direction: Option<i16>,
    added: Option<Vec<u8>>,
    removed: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
}

/// Records the arcs that lists gained and lost.
pub(in crate::pg) async fn record_arcs(
    tx: &PgTransaction<'_>,
    changed: &[ChangedAdjacency],
    now: Timestamp,
) -> Result<(), StoreError> {
    let moved = changed.iter().filter(|list| !list.added.is_empty() || !list.removed.is_empty());
    let events: Vec<NewEvent> = moved
        .map(|list| NewEvent {
            kind: stored(ChangeKind::Arcs),
            subject: stored_id(list.key.profile),
            layer: Some(list.key.layer as i16),
            direction: Some(list.key.direction as i16),
            added: Some(encode(&list.added)),
            removed: Some(encode(&list.removed)),
            body: None,
        })
        .collect();
    record(tx, &events, now).await
}

/// Records that profiles are gone.
pub(in crate::pg) async fn record_gone(
    tx: &PgTransaction<'_>,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let gone = |&id: &ProfileId| NewEvent {
        kind: stored(ChangeKind::Gone),
        subject: stored_id(id),
        ..NewEvent::default()
    };
    record(tx, &ids.iter().map(gone).collect::<Vec<_>>(), now).await
}

/// Records which profiles joined and parted from which persons.
pub(in crate::pg) async fn record_members(
    tx: &PgTransaction<'_>,
    joined: &BTreeMap<PersonId, Vec<ProfileId>>,
    parted: &BTreeMap<PersonId, Vec<ProfileId>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = |kind: ChangeKind, (person, profiles): (&PersonId, &Vec<ProfileId>)| {
        let ids = Some(encode(profiles));
        let (added, removed) = if kind == ChangeKind::Joined { (ids, None) } else { (None, ids) };
        let subject = person.number() as i64;
        NewEvent { kind: stored(kind), subject, added, removed, ..NewEvent::default() }
    };
    let events: Vec<NewEvent> = (parted.iter().map(|one| event(ChangeKind::Parted, one)))
        .chain(joined.iter().map(|one| event(ChangeKind::Joined, one)))
        .collect();
    record(tx, &events, now).await
}

/// A profile of whose page some fields changed, as bits of [`model::change::ProfileField::all`].
#[derive(Debug, Clone, Copy)]
pub(in crate::pg) struct ChangedFields {
    pub(in crate::pg) profile: ProfileId,
    pub(in crate::pg) bits: u64,
}

/// Records which texts of profiles changed.
pub(in crate::pg) async fn record_profiles(
    tx: &PgTransaction<'_>,
    changed: &[ChangedFields],
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = |one: &ChangedFields| {
        with_body(ChangeKind::Profile, one.profile.number(), member::encode_fields(one.bits))
    };
    record(tx, &changed.iter().map(event).collect::<Vec<_>>(), now).await
}

/// Records what a run changed.
pub(in crate::pg) async fn record_run(
    tx: &PgTransaction<'_>,
    changes: &RunChanges,
    now: Timestamp,
) -> Result<(), StoreError> {
    let RunChanges { ranks, memberships, lineage } = changes;
    let lineage = lineage.iter().map(|one| {
        with_body(ChangeKind::Lineage, one.community.number(), member::encode_lineage(one))
    });
    let memberships = memberships.iter().map(|one| {
        with_body(ChangeKind::Membership, one.person.number(), member::encode_membership(one))
    });
    let ranks =
        ranks.iter().map(|one| with_body(ChangeKind::Rank, one.person.number(), rank::encode(one)));
    record(tx, &lineage.chain(memberships).chain(ranks).collect::<Vec<_>>(), now).await
}

fn with_body(kind: ChangeKind, subject: u64, body: Vec<u8>) -> NewEvent {
    let (kind, subject) = (stored(kind), subject as i64);
    NewEvent { kind, subject, body: Some(body), ..NewEvent::default() }
}

fn stored(kind: ChangeKind) -> i16 {
    i16::from(kind as u8)
}

async fn record(
    tx: &PgTransaction<'_>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in events.chunks(2_000) {
        let params = params![
            i32::from(Day::of(now).0) => INT4,
            stored_ms(now) => INT8,
            column(chunk, |event| event.kind) => INT2_ARRAY,
            column(chunk, |event| event.subject) => INT8_ARRAY,
            column(chunk, |event| event.layer) => INT2_ARRAY,
            column(chunk, |event| event.direction) => INT2_ARRAY,
            column(chunk, |event| event.added.as_deref()) => BYTEA_ARRAY,
            column(chunk, |event| event.removed.as_deref()) => BYTEA_ARRAY,
            column(chunk, |event| event.body.as_deref()) => BYTEA_ARRAY,
        ];
        tx.execute(RECORD, params).await?;
    }
    Ok(())
}
