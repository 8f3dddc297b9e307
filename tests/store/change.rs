//! The change log.

use model::{ChangePosition, Direction, Layer};
use store::pg::change::{self, Change};
use testkit::database;

use crate::web::{at, claimed, commit_all, crawled, events, follows, ids, page, round, stream};

#[tokio::test]
async fn the_log_tells_arcs_gained_and_lost() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob", "eve"], at(0)).await;
    claimed(db.pg(), &["ada"], at(10)).await;
    let streams = vec![stream("follows", vec![follows(&["eve"])])];
    commit_all(db.pg(), at(10), vec![round(ada, streams)]).await;
    let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
    let events = events(db.pg(), ChangePosition::default()).await;
    let arcs = |added: &[_], removed: &[_]| Change::Arcs {
        layer: Layer::Follow,
        direction: Direction::Out,
        added: added.to_vec(),
        removed: removed.to_vec(),
    };
    let wanted = [(at(0), arcs(&[bob, eve], &[])), (at(10), arcs(&[], &[bob]))];
    let found: Vec<_> =
        events.iter().map(|placed| (placed.event.at, placed.event.change.clone())).collect();
    assert_eq!(found, wanted);
    let newest = change::of_subject(db.pg(), ada, None, 1).await.unwrap();
    assert_eq!(newest, [events[1].event.clone()]);
    let older = change::of_subject(db.pg(), ada, Some(newest[0].key), 9).await.unwrap();
    assert_eq!(older, [events[0].event.clone()]);
}
