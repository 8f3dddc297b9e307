//! What became of communities over runs.

use model::{CommunityId, EventKind, LineageEvent, RunId};
use store::pg::lineage::{self, CONTINUED_MAX, EventPosition};
use store::pg::run;
use testkit::{Database, database};

use crate::history::{add_events, loaded_run};
use crate::web::at;

fn com(number: u64) -> CommunityId {
    CommunityId::new(number)
}

fn event(community: u64, event: EventKind, other: Option<u64>) -> LineageEvent {
    LineageEvent { level: 1, community: com(community), event, other: other.map(com), shared: 9 }
}

async fn published(db: &Database, seconds: i64, events: &[LineageEvent]) -> RunId {
    let id = loaded_run(db.pg(), seconds).await;
    add_events(db.pg(), id, (&[], &[]), events).await;
    run::activate(db.pg(), id, at(seconds)).await.unwrap();
    id
}

#[tokio::test]
async fn a_community_has_its_own_events_and_those_that_name_it() {
    let db = database().await;
    let born = [1, 2].map(|id| event(id, EventKind::Born, None));
    let first = published(&db, 1, &born).await;
    let merged = [event(2, EventKind::Merged, Some(1)), event(1, EventKind::Grown, None)];
    let second = published(&db, 2, &merged).await;
    let pending = loaded_run(db.pg(), 3).await;
    add_events(db.pg(), pending, (&[], &[]), &[event(1, EventKind::Died, None)]).await;
    let of =
        async |after, limit| lineage::of_community(db.pg(), com(1), after, limit).await.unwrap();
    let all = of(None, 9).await;
    let found: Vec<_> =
        all.iter().map(|one| (one.run, one.event.community, one.event.event)).collect();
    assert_eq!(
        found,
        [
            (second, com(2), EventKind::Merged),
            (second, com(1), EventKind::Grown),
            (first, com(1), EventKind::Born)
        ]
    );
    assert_eq!((all[0].at, all[0].event), (at(2), merged[0]));
    let mut walked = Vec::new();
    let mut after = None;
    while let [one] = of(after, 1).await[..] {
        after = Some(EventPosition { run: one.run, community: one.event.community });
        walked.push(one);
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn an_end_is_followed_to_what_goes_on_and_no_further_than_it_must() {
    let db = database().await;
    published(&db, 1, &[event(1, EventKind::Merged, Some(2)), event(5, EventKind::Died, None)])
        .await;
    published(&db, 2, &[event(2, EventKind::Merged, Some(3)), event(4, EventKind::Split, Some(3))])
        .await;
    let line = async |id| lineage::continued_by(db.pg(), com(id)).await.unwrap();
    assert_eq!(line(1).await, [com(2), com(3)]);
    for id in [3, 4, 5, 6] {
        assert_eq!(line(id).await, [], "{id}");
    }
    let known = async |id| lineage::is_known(db.pg(), com(id)).await.unwrap();
    assert!(known(1).await && known(5).await && !known(6).await);
    // Ids go round: that cannot happen, and would not be followed for ever.
    let round = [event(7, EventKind::Merged, Some(8)), event(8, EventKind::Merged, Some(7))];
    published(&db, 3, &round).await;
    assert_eq!(line(7).await.len(), CONTINUED_MAX);
}
