//! Streams of unfinished rounds: where each stands, and the arcs so far of lists that were cut.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{Adjacency, Direction, Layer, ProfileId};
use tokio_postgres::Row;

use super::batch::{CrawledProfile, CrawledStream, RoundEnd, StreamEnd};
use crate::StoreError;
use crate::pg::adjacency::Key;
use crate::pg::connection::params;
use crate::pg::transaction::Tx;
use crate::pg::value::{clean, corrupt, profile_id, stored_id};

/// Where the streams of a batch stand.
#[derive(Debug, Default)]
pub(super) struct Progress {
    streams: HashMap<(ProfileId, String), Place>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    cursor: Option<String>,
    done: bool,
}

/// The arcs so far of cut lists, by stream and list.
pub(super) type Parts = BTreeMap<(String, Key), Adjacency>;

/// A part of a list that is kept until the list is complete.
pub(super) struct NewPart<'a> {
    pub(super) stream: &'a str,
    pub(super) key: Key,
    pub(super) list: &'a Adjacency,
}

const CURSOR_CHARS_MAX: usize = 65_536;

const READ: &str =
    "select profile_id, stream, cursor, done from crawl_progress where profile_id = any($1)";
const PARTS: &str = "select p.profile_id, p.stream, p.layer, p.direction, p.body
    from unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    join crawl_part p using (profile_id, stream) order by p.part";
const KEEP_PARTS: &str = "insert into crawl_part
    select u.profile_id, u.stream, u.layer, u.direction, coalesce((select max(part) + 1
        from crawl_part p where (p.profile_id, p.stream, p.layer, p.direction)
            = (u.profile_id, u.stream, u.layer, u.direction)), 0), u.body
    from unnest($1::bigint[], $2::text[], $3::smallint[], $4::smallint[], $5::bytea[])
        u(profile_id, stream, layer, direction, body)";
const SAVE: &str = "insert into crawl_progress
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[]) u order by 1, 2
    on conflict (profile_id, stream) do update set cursor = excluded.cursor, done = excluded.done";
const DROP: &str = "delete from crawl_progress p
    using unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    where p.profile_id = u.profile_id and p.stream = u.stream";
const DROP_PARTS: &str = "delete from crawl_part p
    using unnest($1::bigint[], $2::text[]) u(profile_id, stream)
    where p.profile_id = u.profile_id and p.stream = u.stream";

impl Progress {
    pub(super) async fn read(
        tx: &Tx<'_>,
        profiles: &[CrawledProfile],
    ) -> Result<Progress, StoreError> {
        let ids: Vec<i64> = profiles.iter().map(|profile| stored_id(profile.id)).collect();
        let rows = tx.query(READ, params![ids => INT8_ARRAY]).await?;
        let stream = |row: &Row| {
            let place = Place { cursor: row.get(2), done: row.get(3) };
            ((profile_id(row.get(0)), row.get(1)), place)
        };
        Ok(Progress { streams: rows.iter().map(stream).collect() })
    }

    /// Whether the record still stands where the fetch of this stream began.
    pub(super) fn stands_where(&self, id: ProfileId, stream: &CrawledStream) -> bool {
        let began = Place { cursor: stream.began.cursor.clone(), done: false };
        self.streams.get(&(id, stream.stream.clone())).unwrap_or(&Place::default()) == &began
    }

    /// The arcs so far of these streams, of which only those that began at a cursor have any.
    pub(super) async fn parts(
        tx: &Tx<'_>,
        streams: &[(ProfileId, &CrawledStream)],
    ) -> Result<Parts, StoreError> {
        let resumed = streams.iter().filter(|(_, stream)| stream.began.cursor.is_some());
        let (ids, names) = columns(resumed.map(|(id, stream)| (*id, stream.stream.as_str())));
        let mut parts = Parts::new();
        if ids.is_empty() {
            return Ok(parts);
        }
        for row in tx.query(PARTS, params![ids => INT8_ARRAY, names => TEXT_ARRAY]).await? {
            let (key, list) = part(&row)?;
            let so_far = parts.entry((row.get(1), key)).or_default();
            *so_far = join(key.layer, so_far, &list);
        }
        Ok(parts)
    }

    /// Keeps parts of lists that were cut again.
    pub(super) async fn keep(tx: &Tx<'_>, parts: &[NewPart<'_>]) -> Result<(), StoreError> {
        if parts.is_empty() {
            return Ok(());
        }
        let (ids, streams) = columns(parts.iter().map(|part| (part.key.profile, part.stream)));
        let layers: Vec<i16> = parts.iter().map(|part| part.key.layer as i16).collect();
        let directions: Vec<i16> = parts.iter().map(|part| part.key.direction as i16).collect();
        let bodies: Vec<Vec<u8>> = parts.iter().map(|part| part.list.encode()).collect();
        let params = params![
            ids => INT8_ARRAY,
            streams => TEXT_ARRAY,
            layers => INT2_ARRAY,
            directions => INT2_ARRAY,
            bodies => BYTEA_ARRAY,
        ];
        tx.execute(KEEP_PARTS, params).await.map(|_| ())
    }

    /// Records where the applied streams stand now. A round that ends leaves nothing behind.
    pub(super) async fn save(
        &self,
        tx: &Tx<'_>,
        applied: &[(&CrawledProfile, Vec<&CrawledStream>)],
    ) -> Result<(), StoreError> {
        let (mut places, mut over) = (Vec::new(), HashSet::new());
        for (profile, streams) in applied {
            let ends = matches!(profile.end, RoundEnd::Done | RoundEnd::Failed { .. });
            let started_over =
                |stream: &CrawledStream| ends || stream.end == StreamEnd::Cut { cursor: None };
            for stream in streams {
                if started_over(stream) {
                    over.insert((profile.id, stream.stream.as_str()));
                } else {
                    places.push((profile.id, *stream));
                }
            }
            if ends {
                let known = self.streams.keys().filter(|(id, _)| *id == profile.id);
                over.extend(known.map(|(id, stream)| (*id, stream.as_str())));
            }
        }
        over.retain(|(id, stream)| self.streams.contains_key(&(*id, (*stream).to_owned())));
        self.drop(tx, &over).await?;
        write(tx, &places).await
    }

    async fn drop(&self, tx: &Tx<'_>, over: &HashSet<(ProfileId, &str)>) -> Result<(), StoreError> {
        if over.is_empty() {
            return Ok(());
        }
        let (ids, streams) = columns(over.iter().copied());
        let params = params![ids => INT8_ARRAY, streams => TEXT_ARRAY];
        tx.execute(DROP, params).await?;
        tx.execute(DROP_PARTS, params).await.map(|_| ())
    }
}

/// Forgets the parts of streams that are done: their lists are complete.
pub(super) async fn drop_parts(tx: &Tx<'_>, parts: &Parts) -> Result<(), StoreError> {
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

async fn write(tx: &Tx<'_>, places: &[(ProfileId, &CrawledStream)]) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    let (ids, streams) = columns(places.iter().map(|(id, stream)| (*id, stream.stream.as_str())));
    let cursors: Vec<Option<_>> = places.iter().map(|(_, stream)| cursor(stream)).collect();
    let cursors: Vec<Option<&str>> = cursors.iter().map(Option::as_deref).collect();
    let done: Vec<bool> = places.iter().map(|(_, s)| s.end == StreamEnd::Done).collect();
    let params = params![
        ids => INT8_ARRAY,
        streams => TEXT_ARRAY,
        cursors => TEXT_ARRAY,
        done => BOOL_ARRAY,
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

fn columns<'a>(streams: impl Iterator<Item = (ProfileId, &'a str)>) -> (Vec<i64>, Vec<&'a str>) {
    streams.map(|(id, stream)| (stored_id(id), stream)).unzip()
}

fn part(row: &Row) -> Result<(Key, Adjacency), StoreError> {
    let (profile, layer, direction) = (row.get::<_, i64>(0), row.get(2), row.get(3));
    let bad = |column, why: String| corrupt(("crawl_part", column), profile, why);
    let small = |n: i16| u8::try_from(n).ok();
    let key = Key {
        profile: profile_id(profile),
        layer: small(layer)
            .and_then(Layer::from_number)
            .ok_or_else(|| bad("layer", layer.to_string()))?,
        direction: small(direction)
            .and_then(Direction::from_number)
            .ok_or_else(|| bad("direction", direction.to_string()))?,
    };
    let list = Adjacency::decode(row.get(4)).map_err(|e| bad("body", e.to_string()))?;
    Ok((key, list))
}
