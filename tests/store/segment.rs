//! Segments of the change stream: what is to be sealed next, and what is found.

use model::change::ChangeRange;
use model::export::{ExportPart, HeldIds, PartFile, PartReading, segment_export};
use model::segment::{OpenStretch, SEGMENT_DAYS, SEGMENT_OWNER};
use model::time::Day;
use model::{ChangePosition, ExportState, Segment};
use store::Pg;
use store::pg::export::segment::{self, segment_order};
use store::pg::{change, export};
use testkit::database;

use crate::web::{at, crawled, page};

fn range(from: u64, to: u64) -> ChangeRange {
    ChangeRange { from: ChangePosition::new(from), to: ChangePosition::new(to) }
}

fn part(range: ChangeRange) -> ExportPart {
    let reading = PartReading { at: at(10), seen: "1:1:".parse().unwrap() };
    let (held, by_bio) = (HeldIds::from_iter([7]), HeldIds::default());
    let file = PartFile { rows: 3, bytes: 400, sha256: [5; 32], held, by_bio, reading };
    ExportPart { part: 0, range: Some(range), file }
}

async fn add(pg: &Pg, range: ChangeRange) -> bool {
    segment::add(pg, range, &part(range), at(20)).await.unwrap()
}

fn ranges(segments: &[Segment]) -> Vec<ChangeRange> {
    segments.iter().map(|segment| segment.range).collect()
}

async fn after(pg: &Pg, position: u64) -> Vec<ChangeRange> {
    ranges(&segment::after(pg, ChangePosition::new(position), 10, at(30)).await.unwrap())
}

/// A stream that has something; its head.
async fn stream(pg: &Pg) -> u64 {
    for name in ["ada", "bob", "eve"] {
        crawled(pg, page(name), &["kim", "lee"], at(0)).await;
    }
    let head = change::sequence(pg).await.unwrap().head.number();
    assert!(head >= 3, "{head}");
    head
}

#[tokio::test]
async fn a_segment_is_added_once_and_is_an_export_that_is_done() {
    let db = database().await;
    let (pg, wanted) = (db.pg(), range(0, 2));
    assert!(add(pg, wanted).await && !add(pg, wanted).await, "twice is once");
    let export = export::get(pg, segment_export(wanted.from)).await.unwrap().unwrap();
    assert_eq!((export.state, export.parts), (ExportState::Done, 1));
    assert_eq!((export.order, export.terms.charge.payer), (segment_order(wanted), SEGMENT_OWNER));
    assert_eq!((export.rows, export.bytes), (3, 400));
    let expires_at = at(20 + SEGMENT_DAYS * 86_400);
    let found = segment::after(pg, ChangePosition::new(0), 10, at(30)).await.unwrap();
    let expected = Segment { export: export.id, range: wanted, part: part(wanted), expires_at };
    assert_eq!(found, [expected]);
    assert_eq!(segment::after(pg, ChangePosition::new(0), 10, expires_at).await.unwrap(), []);
    // The first one, too, is looked at and deleted as exports are.
    assert_eq!(export::with_parts(pg, None, 10).await.unwrap().len(), 1);
    assert_eq!(export::with_parts(pg, Some(export.id), 10).await.unwrap(), []);
    assert_eq!(export::useless(pg, at(30), 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_no_segment_has_is_open_the_first_part_of_it_first() {
    let db = database().await;
    let pg = db.pg();
    assert_eq!(segment::open(pg).await.unwrap(), None, "nothing happened");
    let head = stream(pg).await;
    let open = |from: u64, to: u64, is_bounded| {
        let ChangeRange { from, to } = range(from, to);
        Some(OpenStretch { from, to, is_bounded, first_day: Some(Day::of(at(0))) })
    };
    assert_eq!(segment::open(pg).await.unwrap(), open(0, head, false));
    assert!(add(pg, range(2, head)).await);
    assert_eq!(segment::open(pg).await.unwrap(), open(0, 2, true));
    assert!(add(pg, range(0, 1)).await);
    assert_eq!(segment::open(pg).await.unwrap(), open(1, 2, true));
    assert!(add(pg, range(1, 2)).await);
    assert_eq!(segment::open(pg).await.unwrap(), None);
    let all = [range(0, 1), range(1, 2), range(2, head)];
    assert_eq!(after(pg, 0).await, all);
    assert_eq!(after(pg, 1).await, all[1..]);
    assert_eq!(after(pg, head - 1).await, all[2..], "a position within it");
    assert_eq!(after(pg, head).await, []);
    let two = segment::after(pg, ChangePosition::new(0), 2, at(30)).await.unwrap();
    assert_eq!(ranges(&two), all[..2]);
}

#[tokio::test]
async fn what_was_not_looked_at_for_long_is_given_up() {
    let db = database().await;
    let pg = db.pg();
    stream(pg).await;
    assert!(add(pg, range(0, 1)).await);
    assert_eq!(segment::give_up(pg, at(10)).await.unwrap(), 0);
    assert_eq!(segment::give_up(pg, at(11)).await.unwrap(), 1);
    assert_eq!(segment::give_up(pg, at(11)).await.unwrap(), 0, "twice is once");
    assert_eq!(after(pg, 0).await, []);
    let first = segment_export(ChangePosition::new(0));
    assert!(segment::open(pg).await.unwrap().is_some_and(|open| open.from.number() == 1));
    let useless = export::useless(pg, at(30), 10).await.unwrap();
    assert_eq!(useless.iter().map(|one| one.id).collect::<Vec<_>>(), [first]);
    export::forget(pg, first, at(30)).await.unwrap();
    assert!(segment::open(pg).await.unwrap().is_some_and(|open| open.from.number() == 0));
}
