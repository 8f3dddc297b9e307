//! The archive of the change stream: sealed once, whole with its tail, and without who took something back.

use std::collections::BTreeSet;

use axum::body::Body;
use export::{archive, discard, rewrite};
use model::change::{LineageChange, RunChanges};
use model::export::segment_export;
use model::port::Clock as _;
use model::{ChangePosition, EventKind};
use serde_json::{Value, json};
use store::pg::retention::{RetentionPolicy, sweep};
use store::pg::{erase, run};
use store::table::CellValue;

use crate::exports::{JOB_SECONDS, Worker, fetched, rows_of};
use crate::world::{ACT, Api};

const DAY: u32 = 86_400;
/// All kinds of events that files have.
const KINDS: &str = "gone,joined,parted,rank_changed,membership,lineage,profile";

/// What the tick seals.
async fn sealed(api: &Api) -> u64 {
    let worker = Worker::of(api);
    archive(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap().sealed
}

/// How many files are written again.
async fn rewritten(api: &Api) -> u64 {
    let worker = Worker::of(api);
    rewrite(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap().replaced
}

async fn plan(api: &Api) -> Value {
    let reply = api.get("/v1/changes/archive").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// Something happens to a community, which names no one.
async fn split(api: &Api) {
    let (pg, now) = (api.database.pg(), api.clock.now());
    let run = api.world.load(pg, now).await;
    let change = LineageChange {
        community: api.world.rust,
        run,
        level: 0,
        kind: EventKind::Split,
        other: None,
        shared: 3,
    };
    let changes = RunChanges { lineage: vec![change], ..RunChanges::default() };
    run::publish(pg, run, &changes, now).await.unwrap();
}

/// A world whose first day is sealed.
async fn archived() -> Api {
    let api = Api::new().await;
    split(&api).await;
    api.clock.advance_seconds(DAY);
    assert_eq!(sealed(&api).await, 1);
    api
}

/// The rows of a file of the plan.
async fn rows(api: &Api, segment: &Value) -> Vec<Vec<CellValue>> {
    let url = segment["url"].as_str().unwrap_or_else(|| panic!("no link: {segment}"));
    let (status, _, bytes) = fetched(api, url).await;
    assert_eq!((status, &segment["bytes"]), (200, &json!(bytes.len())));
    let rows = rows_of("changes", "parquet", bytes);
    assert_eq!(segment["rows"], rows.len());
    rows
}

fn positions(rows: &[Vec<CellValue>]) -> BTreeSet<u64> {
    let position = |row: &Vec<CellValue>| match row[0] {
        CellValue::Whole(position) => position.unsigned_abs(),
        _ => panic!("no position: {row:?}"),
    };
    rows.iter().map(position).collect()
}

/// The positions of events after a cursor, and where the page begins.
async fn streamed(api: &Api, cursor: Option<&str>) -> (BTreeSet<u64>, Value) {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let page = api.get(&format!("/v1/changes?limit=1000&kind={KINDS}{cursor}")).await;
    let events = page.data();
    let events = events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap());
    (events.collect(), page.json()["range"]["from"].clone())
}

#[tokio::test]
async fn the_archive_and_its_tail_are_the_whole_stream_and_each_part_is_sealed_once() {
    let api = Api::new().await;
    split(&api).await;
    assert_eq!(sealed(&api).await, 0, "the day is not over");
    let empty = plan(&api).await;
    assert_eq!((&empty["data"], &empty["is_last"]), (&json!([]), &json!(true)));
    api.clock.advance_seconds(DAY);
    assert_eq!((sealed(&api).await, sealed(&api).await), (1, 0));
    split(&api).await;
    api.clock.advance_seconds(DAY);
    let both = [Worker::of(&api), Worker::of(&api)];
    let tick = async |worker: &Worker| {
        archive(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap().sealed
    };
    let (one, other) = tokio::join!(tick(&both[0]), tick(&both[1]));
    assert_eq!(one + other, 1, "two ticks seal it once");
    split(&api).await;

    let plan = plan(&api).await;
    let segments = plan["data"].as_array().unwrap();
    assert_eq!((segments.len(), &plan["is_last"]), (2, &json!(true)), "{plan}");
    let (mut at, mut found) = (json!(0), BTreeSet::new());
    for segment in segments {
        assert_eq!((&segment["state"], &segment["range"]["from"]), (&json!("sealed"), &at));
        at = segment["range"]["to"].clone();
        let new = positions(&rows(&api, segment).await);
        assert!(found.is_disjoint(&new), "nothing comes twice");
        let (cursor, from) = (segment["cursor"].as_str(), &segment["range"]["from"]);
        assert_eq!(&streamed(&api, cursor).await.1, from);
        found.extend(new);
    }
    let (tail, from) = streamed(&api, plan["next_cursor"].as_str()).await;
    assert_eq!((from, tail.is_empty()), (at, false));
    assert!(found.is_disjoint(&tail));
    found.extend(tail);
    assert_eq!(found, streamed(&api, None).await.0);
    // A reader who was within the stream begins with the part that it is in; at the end there is none.
    let again = async |cursor: &Value| {
        let cursor = cursor.as_str().unwrap();
        api.get(&format!("/v1/changes/archive?cursor={cursor}")).await.json()
    };
    let second = again(&segments[1]["cursor"]).await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert_eq!(second["data"][0]["sha256"], segments[1]["sha256"]);
    let end = again(&plan["next_cursor"]).await;
    assert_eq!((&end["data"], &end["next_cursor"]), (&empty["data"], &plan["next_cursor"]));
}

#[tokio::test]
async fn who_opts_out_leaves_the_archive() {
    let api = archived().await;
    let gone = api.world.profiles[0];
    let before = plan(&api).await["data"][0].clone();
    let named = |rows: &[Vec<CellValue>]| format!("{rows:?}").contains(&gone.to_string());
    assert!(named(&rows(&api, &before).await));
    api.clock.advance_seconds(60);
    erase::opt_out_profiles(api.database.pg(), &[gone], ACT, api.clock.now()).await.unwrap();
    let stale = plan(&api).await["data"][0].clone();
    assert_eq!((&stale["state"], &stale["retry_after"]), (&json!("stale"), &json!(3_600)));
    assert_eq!((stale.get("url"), &stale["cursor"]), (None, &before["cursor"]), "{stale}");
    assert_eq!((rewritten(&api).await, rewritten(&api).await), (1, 0));
    let after = plan(&api).await["data"][0].clone();
    assert_eq!((&after["state"], &after["range"]), (&json!("sealed"), &before["range"]));
    assert_ne!(after["sha256"], before["sha256"]);
    let left = rows(&api, &after).await;
    assert!(!named(&left) && !left.is_empty(), "others stay: {left:?}");
    let (status, ..) = fetched(&api, before["url"].as_str().unwrap()).await;
    assert_eq!(status, 404, "the old file is gone");
}

#[tokio::test]
async fn the_archive_outlives_the_stream_and_ends_after_ninety_days() {
    let api = archived().await;
    let pg = api.database.pg();
    let first = plan(&api).await["data"][0].clone();
    split(&api).await;
    api.clock.advance_seconds(40 * DAY);
    assert_eq!(rewritten(&api).await, 0);
    split(&api).await;
    sweep(pg, api.clock.now(), RetentionPolicy::default()).await.unwrap();
    let plan_now = plan(&api).await;
    let segments = plan_now["data"].as_array().unwrap();
    assert_eq!(segments[0]["sha256"], first["sha256"]);
    assert!(segments[0].get("url").is_some() && segments[0].get("cursor").is_none());
    let old = format!("/v1/changes?cursor={}", first["cursor"].as_str().unwrap());
    assert_eq!(api.get(&old).await.code(), "cursor_too_old");
    // What was dropped before it was sealed is named, and the stream goes on after it.
    assert_eq!((segments.len(), &segments[1]["state"]), (2, &json!("missing")), "{plan_now}");
    assert_eq!(segments[1]["range"]["from"], first["range"]["to"]);
    let (tail, from) = streamed(&api, plan_now["next_cursor"].as_str()).await;
    assert_eq!((tail.len(), &from), (1, &segments[1]["range"]["to"]));

    api.clock.advance_seconds(51 * DAY);
    assert_eq!(discard(Worker::of(&api).deps()).await.unwrap(), 1);
    let kept = api.objects.store().list("segments/").await.unwrap();
    assert!(kept.is_empty(), "{kept:?}");
}

#[tokio::test]
async fn what_was_not_looked_at_for_a_week_has_no_link_and_is_sealed_again() {
    let api = archived().await;
    api.clock.advance_seconds(7 * DAY + 1);
    let unread = plan(&api).await["data"][0].clone();
    assert_eq!((&unread["state"], unread.get("url")), (&json!("stale"), None));
    let worker = Worker::of(&api);
    let report = archive(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap();
    assert_eq!((report.given_up, report.sealed), (1, 0));
    assert_eq!(discard(worker.deps()).await.unwrap(), 1);
    assert_eq!(sealed(&api).await, 1);
    let again = plan(&api).await["data"][0].clone();
    assert_eq!((&again["state"], &again["range"]), (&json!("sealed"), &unread["range"]));
}

#[tokio::test]
async fn what_a_worker_that_died_left_is_deleted_within_a_day() {
    let api = archived().await;
    let objects = api.objects.store();
    let key = objects.list("segments/").await.unwrap().pop().unwrap();
    let left = key.replace("00000-", "00000-left-");
    objects.put(&left, b"someone".to_vec()).await.unwrap();
    rewritten(&api).await;
    assert_eq!(objects.list("segments/").await.unwrap().len(), 2, "it was looked at today");
    api.clock.advance_seconds(DAY);
    rewritten(&api).await;
    assert_eq!(objects.list("segments/").await.unwrap(), [key]);
}

#[tokio::test]
async fn a_plan_costs_the_megabytes_of_its_links_once() {
    let api = archived().await;
    let paid = api.get("/v1/changes/archive").await;
    assert_eq!(paid.header("borg-units"), "class=export, call.read=1, mb.export=1");
    assert_eq!(paid.header("borg-cost"), "0.55");
    api.clock.advance_seconds(901);
    let renewed = api.get("/v1/changes/archive").await;
    assert_eq!((renewed.header("borg-cost"), renewed.header("borg-replayed")), ("0", "true"));
    assert!(!rows(&api, &renewed.json()["data"][0]).await.is_empty());
    let end =
        format!("/v1/changes/archive?cursor={}", paid.json()["next_cursor"].as_str().unwrap());
    assert_eq!(api.get(&end).await.header("borg-cost"), "0", "nothing costs nothing");
}

#[tokio::test]
async fn a_segment_is_no_one_s_export() {
    let api = archived().await;
    let id = segment_export(ChangePosition::new(0));
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/links")] {
        let path = format!("/v1/exports/{id}{rest}");
        let reply = api.send(api.request(method, &path), Body::from("{}")).await;
        assert_eq!(reply.code(), "export_unknown", "{method} {path}");
    }
    assert_eq!(api.get("/v1/exports").await.data(), json!([]));
    assert_eq!(plan(&api).await["data"][0]["state"], "sealed");
}
