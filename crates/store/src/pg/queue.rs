//! The statements behind [`PgQueue`](crate::queue::PgQueue). Times are milliseconds.

use super::Pg;
use super::params::params;
use super::row::{QUEUE_MESSAGE, TableRow};
use crate::StoreError;

const SEND: &str = "insert into queue_message (queue, visible_ms, body)
    select $1, visible_ms, body from unnest($2::bigint[], $3::text[]) u(visible_ms, body)";
const RECEIVE: &str = "with next as (
        select message_id from queue_message where queue = $1 and visible_ms <= $2
        order by visible_ms, message_id limit $3 for update skip locked)
    update queue_message m set visible_ms = $2 + $4, receives = receives + 1
    from next where m.message_id = next.message_id
    returning m.message_id, m.receives, m.body";
const BURY: &str = "with dead as (
        delete from queue_message where message_id = any($1) returning message_id, queue, body)
    insert into queue_dead (message_id, queue, died_ms, body)
    select message_id, queue, $2, body from dead on conflict do nothing";
const FINISH: &str = "delete from queue_message where message_id = $1 and receives = $2";
const RELEASE: &str =
    "update queue_message set visible_ms = $3 where message_id = $1 and receives = $2";
const CLEAR: &str = "delete from queue_message where queue = $1";
const DEPTH: &str = "select count(*) depth from queue_message where queue = $1";
const DEAD: &str = "select body from queue_dead where queue = $1 order by message_id limit $2";

/// One receive of a message: a later one has another receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageReceipt {
    pub(crate) id: i64,
    pub(crate) receives: i32,
}

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredMessage {
    pub(crate) id: i64,
    pub(crate) receives: i32,
    pub(crate) body: String,
}

pub(crate) async fn send(
    pg: &Pg,
    queue: &str,
    visible_ms: &[i64],
    bodies: &[&str],
) -> Result<(), StoreError> {
    let params = params![queue => TEXT, visible_ms => INT8_ARRAY, bodies => TEXT_ARRAY];
    pg.execute("queue::send", SEND, params).await.map(|_| ())
}

pub(crate) async fn receive(
    pg: &Pg,
    queue: &str,
    now_ms: i64,
    most: i64,
    invisible_ms: i64,
) -> Result<Vec<StoredMessage>, StoreError> {
    let params = params![queue => TEXT, now_ms => INT8, most => INT8, invisible_ms => INT8];
    let rows = pg.query("queue::receive", RECEIVE, params).await?;
    let message = |row: TableRow<'_>| {
        Ok(StoredMessage {
            id: row.get("message_id")?,
            receives: row.get("receives")?,
            body: row.get("body")?,
        })
    };
    QUEUE_MESSAGE.rows(&rows).map(message).collect()
}

pub(crate) async fn bury(pg: &Pg, ids: &[i64], now_ms: i64) -> Result<(), StoreError> {
    pg.execute("queue::bury", BURY, params![ids => INT8_ARRAY, now_ms => INT8]).await.map(|_| ())
}

pub(crate) async fn finish(pg: &Pg, receipt: MessageReceipt) -> Result<(), StoreError> {
    let params = params![receipt.id => INT8, receipt.receives => INT4];
    pg.execute("queue::finish", FINISH, params).await.map(|_| ())
}

pub(crate) async fn release(
    pg: &Pg,
    receipt: MessageReceipt,
    visible_ms: i64,
) -> Result<(), StoreError> {
    let params = params![receipt.id => INT8, receipt.receives => INT4, visible_ms => INT8];
    pg.execute("queue::release", RELEASE, params).await.map(|_| ())
}

pub(crate) async fn clear(pg: &Pg, queue: &str) -> Result<(), StoreError> {
    pg.execute("queue::clear", CLEAR, params![queue => TEXT]).await.map(|_| ())
}

pub(crate) async fn depth(pg: &Pg, queue: &str) -> Result<u64, StoreError> {
    let row = pg.query_opt("queue::depth", DEPTH, params![queue => TEXT]).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>("depth") as u64))
}

pub(crate) async fn dead(pg: &Pg, queue: &str, most: i64) -> Result<Vec<String>, StoreError> {
    let rows = pg.query("queue::dead", DEAD, params![queue => TEXT, most => INT8]).await?;
    Ok(rows.iter().map(|row| row.get("body")).collect())
}
