//! The change log.

use std::time::Duration;

use model::port::Clock as _;
use model::profile::GoneReason;
use model::rank_change::{RankChange, RankChangeReason, RankState};
use store::pg::{erase, run};

use crate::world::{Api, Reply};

/// The first page that has events. They wait for every transaction of the server that began before
/// them, those of other tests too.
pub(crate) async fn soon(api: &Api, path: &str) -> Reply {
    for _ in 0..600 {
        let page = api.get(path).await;
        if page.data().as_array().is_some_and(|events| !events.is_empty()) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no event came at {path}");
}

#[tokio::test]
async fn the_log_is_followed_without_gaps_and_always_names_where_to_go_on() {
    let api = Api::new().await;
    let first = soon(&api, "/v1/changes").await;
    assert_eq!(first.data()[0]["change"]["type"], "joined");
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?cursor={cursor}");
    let nothing = api.get(&path).await;
    assert_eq!(nothing.data().as_array().unwrap().len(), 0);
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], GoneReason::Deleted, now).await.unwrap();
    let cursor = nothing.json()["next_cursor"].as_str().unwrap().to_owned();
    let gone = soon(&api, &format!("/v1/changes?cursor={cursor}")).await.data();
    assert_eq!(gone[0]["change"]["type"], "gone");
    assert_eq!(gone[0]["profile"], api.world.profiles[1].to_string());
}

#[tokio::test]
async fn a_changed_rank_names_those_who_changed_it_unless_they_are_unlisted() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    let stood = |rank| RankState { rank: std::num::NonZeroU32::new(rank), attention: 0.25 };
    let reason =
        |number| RankChangeReason { person: api.person(number), before: 0.0, after: 0.125 };
    let change = |number| RankChange {
        person: api.person(number),
        community: api.world.rust,
        run: api.world.run,
        before: stood(0),
        after: stood(2),
        reasons: vec![reason(3), reason(0)],
    };
    // Number 3 is the hermit.
    let run = api.world.load(pg, now).await;
    run::publish(pg, run, &[change(1), change(3)], now).await.unwrap();
    let first = soon(&api, "/v1/changes").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let mut events = first.data().as_array().unwrap().clone();
    if events.len() == 1 {
        let rest = soon(&api, &format!("/v1/changes?cursor={cursor}")).await.data();
        events.extend(rest.as_array().unwrap().clone());
    }
    let changed: Vec<_> = events.iter().filter(|e| e["change"]["type"] == "rank_changed").collect();
    assert_eq!(changed.len(), 1, "{events:?}");
    let change = &changed[0]["change"];
    assert_eq!(change["person"], api.person(1).to_string());
    assert_eq!(change["community"], api.world.rust.to_string());
    assert_eq!((change["rank_before"].as_u64(), change["rank_after"].as_u64()), (None, Some(2)));
    let reasons = change["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0]["person"], api.person(0).to_string());
}
