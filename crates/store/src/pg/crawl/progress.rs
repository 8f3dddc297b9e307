//! Streams of unfinished rounds: how far each is, and the arcs so far of lists that were cut.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{Adjacency, Layer, ProfileId};

use super::batch::{AppliedProfile, CrawledProfile, CrawledStream, RoundEnd, StreamEnd};
use crate::StoreError;
use crate::pg::adjacency::{AdjacencyKey, decoded};
use crate::pg::params::{column, params};
use crate::pg::row::{CRAWL_PART, CRAWL_PROGRESS};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{clean, stored_id};

/// How far the streams of a batch are.
#[derive(Debug, Default)]
pub(super) struct CrawlProgress {
    streams: HashMap<(ProfileId, String), StreamPosition>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct StreamPosition {
    cursor: Option<String>,
    done: bool,
}

/// The arcs so far of cut lists, by stream and list.
pub(super) type ListParts = BTreeMap<(String, AdjacencyKey), Adjacency>;

/// A part of a list that is kept until the list is complete.
pub(super) struct NewListPart<'a> {
    pub(super) stream: &'a str,
    pub(super) key: AdjacencyKey,
    pub(super) list: &'a Adjacency,
}

const CURSOR_CHARS_MAX: usize = 65_536;

const READ: &str =
    "select profile_id, stream, cursor, done from crawl_progress where profile_id = any($1)";
const PARTS: &str = "select p.profile_id, p.stream, p.layer, p.direction, p.body
    from unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    join crawl_part p using (profile_id, stream) order by p.part";
const KEEP_PARTS: &str = "insert into crawl_part (profile_id, stream, layer, direction, part, body)
    select u.profile_id, u.stream, u.layer, u.direction, coalesce((select max(part) + 1
        from crawl_part p where (p.profile_id, p.stream, p.layer, p.direction)
            = (u.profile_id, u.stream, u.layer, u.direction)), 0), u.body
    from unnest($1::bigint[], $2::text[], $3::smallint[], $4::smallint[], $5::bytea[])
        u(profile_id, stream, layer, direction, body)";
const SAVE: &str = "insert into crawl_progress (profile_id, stream, cursor, done)
    select profile_id, stream, cursor, done
    from unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[])
        u(profile_id, stream, cursor, done)
    order by profile_id, stream
    on conflict (profile_id, stream) do update set cursor = excluded.cursor, done = excluded.done";
const DROP: &str = "delete from crawl_progress p
    using unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    where p.profile_id = u.profile_id and p.stream = u.stream";
const DROP_PARTS: &str = "delete from crawl_part p
    using unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    where p.profile_id = u.profile_id and p.stream = u.stream";

impl CrawlProgress {
    pub(super) async fn read(
        tx: &PgTransaction<'_>,
        profiles: &[CrawledProfile],
    ) -> Result<CrawlProgress, StoreError> {
        let ids: Vec<i64> = profiles.iter().map(|profile| stored_id(profile.id)).collect();
        let rows = tx.query(READ, params![ids => INT8_ARRAY]).await?;
        let mut streams = HashMap::new();
        for row in CRAWL_PROGRESS.rows(&rows) {
            let position = StreamPosition { cursor: row.get("cursor")?, done: row.get("done")? };
            streams.insert((row.profile_id("profile_id")?, row.get("stream")?), position);
        }
        Ok(CrawlProgress { streams })
    }

    /// Whether the stored position is still the one at which the fetch of this stream began.
    pub(super) fn is_at_checkpoint_of(&self, id: ProfileId, stream: &CrawledStream) -> bool {
        let began = StreamPosition { cursor: stream.began.cursor.clone(), done: false };
        self.streams.get(&(id, stream.stream.clone())).unwrap_or(&StreamPosition::default())
            == &began
    }

    /// The arcs so far of these streams, of which only those that began at a cursor have any.
    pub(super) async fn parts(
        tx: &PgTransaction<'_>,
        streams: &[(ProfileId, &CrawledStream)],
    ) -> Result<ListParts, StoreError> {
        let resumed = streams.iter().filter(|(_, stream)| stream.began.cursor.is_some());
        let (ids, names) = columns(resumed.map(|(id, stream)| (*id, stream.stream.as_str())));
        let mut parts = ListParts::new();
        if ids.is_empty() {
            return Ok(parts);
        }
        for row in tx.query(PARTS, params![ids => INT8_ARRAY, names => TEXT_ARRAY]).await? {
            let row = CRAWL_PART.row(&row);
            let key = AdjacencyKey::from_row(&row)?;
            let so_far = parts.entry((row.get("stream")?, key)).or_default();
            *so_far = join(key.layer, so_far, &decoded(&row)?);
        }
        Ok(parts)
    }

    /// Keeps parts of lists that were cut again.
    pub(super) async fn keep(
        tx: &PgTransaction<'_>,
        parts: &[NewListPart<'_>],
    ) -> Result<(), StoreError> {
        if parts.is_empty() {
            return Ok(());
        }
        let params = params![
            column(parts, |part| stored_id(part.key.profile)) => INT8_ARRAY,
            column(parts, |part| part.stream) => TEXT_ARRAY,
            column(parts, |part| part.key.layer as i16) => INT2_ARRAY,
            column(parts, |part| part.key.direction as i16) => INT2_ARRAY,
            column(parts, |part| part.list.encode()) => BYTEA_ARRAY,
        ];
        tx.execute(KEEP_PARTS, params).await.map(|_| ())
    }

    /// Stores how far the applied streams are now. A round that ends leaves no row.
    pub(super) async fn save(
        &self,
        tx: &PgTransaction<'_>,
        applied: &[AppliedProfile<'_>],
    ) -> Result<(), StoreError> {
        let (mut open, mut over) = (Vec::new(), HashSet::new());
        for AppliedProfile { profile, streams } in applied {
            let ends = matches!(profile.end, RoundEnd::Done | RoundEnd::Failed { .. });
            let started_over =
                |stream: &CrawledStream| ends || stream.end == StreamEnd::Cut { cursor: None };
            for stream in streams {
                if started_over(stream) {
                    over.insert((profile.id, stream.stream.as_str()));
                } else {
                    open.push((profile.id, *stream));
                }
            }
            if ends {
                let known = self.streams.keys().filter(|(id, _)| *id == profile.id);
                over.extend(known.map(|(id, stream)| (*id, stream.as_str())));
            }
        }
        over.retain(|(id, stream)| self.streams.contains_key(&(*id, (*stream).to_owned())));
        self.drop(tx, &over).await?;
        write(tx, &open).await
    }

    async fn drop(
        &self,
        tx: &PgTransaction<'_>,
        over: &HashSet<(ProfileId, &str)>,
    ) -> Result<(), StoreError> {
        if over.is_empty() {
            return Ok(());
        }
        let (ids, streams) = columns(over.iter().copied());
        let params = params![ids => INT8_ARRAY, streams => TEXT_ARRAY];
        tx.execute(DROP, params).await?;
        tx.execute(DROP_PARTS, params).await.map(|_| ())
    }
}

/// Deletes the parts of streams that are done: their lists are complete.
pub(super) async fn drop_parts(
    tx: &PgTransaction<'_>,
    parts: &ListParts,
) -> Result<(), StoreError> {
    if parts.is_empty() {
        return Ok(());
    }
    let (ids, streams) = columns(parts.keys().map(|(stream, key)| (key.profile, stream.as_str())));
    let params = params![ids => INT8_ARRAY, streams => TEXT_ARRAY];
    tx.execute(DROP_PARTS, params).await.map(|_| ())
}

/// Two parts of one list: interactions add up, other arcs are there or not.
pub(super) fn join(layer: Layer, so_far: &Adjacency, more: &Adjacency) -> Adjacency {
    if layer.is_interaction() { so_far.merge(more) } else { so_far.union(more) }
}

async fn write(
    tx: &PgTransaction<'_>,
    open: &[(ProfileId, &CrawledStream)],
) -> Result<(), StoreError> {
    if open.is_empty() {
        return Ok(());
    }
    let params = params![
        column(open, |(id, _)| stored_id(*id)) => INT8_ARRAY,
        column(open, |(_, stream)| stream.stream.as_str()) => TEXT_ARRAY,
        column(open, |(_, stream)| cursor(stream)) => TEXT_ARRAY,
        column(open, |(_, stream)| stream.end == StreamEnd::Done) => BOOL_ARRAY,
    ];
    tx.execute(SAVE, params).await.map(|_| ())
}

fn cursor(stream: &CrawledStream) -> Option<std::borrow::Cow<'_, str>> {
    match &stream.end {
        StreamEnd::Done => None,
        StreamEnd::Cut { cursor } => {
            cursor.as_deref().map(|cursor| clean(cursor, CURSOR_CHARS_MAX))
        }
    }
}

/// Streams as two arrays: their profiles and their names.
fn columns<'a>(streams: impl Iterator<Item = (ProfileId, &'a str)>) -> (Vec<i64>, Vec<&'a str>) {
    streams.map(|(id, stream)| (stored_id(id), stream)).unzip()
}
