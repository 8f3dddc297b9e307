//! The personal view.

use model::Consent;
use model::Platform;
use model::observation::SeenProfile;
use model::port::Clock as _;
use serde_json::Value;
use store::pg::{person, profile};

use crate::world::{ALAN, Api, bluesky};

/// The ids of a view's people, in its order.
fn ids(view: &Value) -> Vec<String> {
    let rows = view.as_array().unwrap().iter();
    rows.map(|row| row["person"]["id"].as_str().unwrap().to_owned()).collect()
}

/// A view from Ada.
async fn from_ada(api: &Api, options: &str) -> Value {
    api.get(&format!("/v1/people?view=personal&seeds={}{options}", api.person(0))).await.data()
}

#[tokio::test]
async fn a_view_follows_attention_from_its_seeds() {
    let api = Api::new().await;
    let view = from_ada(&api, "").await;
    let [grace, acme, bot] = [1, 2, 4].map(|number| api.person(number).to_string());
    assert_eq!(ids(&view)[..2], [grace.clone(), acme.clone()]);
    assert!(!ids(&view).contains(&api.person(0).to_string()), "the seed is left out");
    assert!(!ids(&view).contains(&api.person(3).to_string()), "unlisted");
    let rows = view.as_array().unwrap();
    let share = |row: &Value| row["share"].as_f64().unwrap();
    assert!(rows.windows(2).all(|pair| share(&pair[0]) >= share(&pair[1])));
    assert!(rows.iter().zip(1..).all(|(row, rank)| row["rank"] == rank));
    assert_eq!(rows[0]["via"]["person"]["name"], "Ada Lovelace");
    assert!(rows[0]["via"]["part"].as_f64().unwrap() > 0.9);
    assert_eq!(rows[1]["via"]["person"]["id"], grace);
    // Only the hermit attends to the first Alan, and nothing shows that.
    assert!(!ids(&view).contains(&api.person(ALAN as usize).to_string()));
    let of = |id: &str| rows.iter().find(|row| row["person"]["id"] == id).unwrap();
    assert_eq!(of(&bot)["via"]["person"]["id"], acme);
}

#[tokio::test]
async fn seeds_are_included_and_the_known_left_out_on_request() {
    let api = Api::new().await;
    let [ada, grace] = [0, 1].map(|number| api.person(number).to_string());
    assert_eq!(ids(&from_ada(&api, "&include_seeds=true").await)[0], ada);
    let new = ids(&from_ada(&api, "&exclude_known=true").await);
    assert!(!new.contains(&grace) && new.contains(&api.person(2).to_string()));
    assert_eq!(ids(&from_ada(&api, "&limit=3").await).len(), 3);
}

#[tokio::test]
async fn a_view_costs_its_rows_and_is_the_same_each_time() {
    let api = Api::new().await;
    let path = format!("/v1/people?view=personal&seeds={}&limit=2", api.person(0));
    let reply = api.get(&path).await;
    assert_eq!(reply.header("borg-units"), "class=graph, call.read=1, row.rank=2");
    assert_eq!(reply.json()["run"], api.world.run.to_string());
    let again = api.get(&path).await;
    assert_eq!(
        (again.text, again.headers["etag"].clone()),
        (reply.text, reply.headers["etag"].clone())
    );
    let warm = api.get(&path).await.data();
    let cold = Api { router: api.beside(&api.clock), ..api };
    assert_eq!(cold.get(&path).await.data(), warm, "from another process, with nothing at hand");
}

#[tokio::test]
async fn seeds_are_named_by_account_too() {
    let api = Api::new().await;
    let named = "/v1/people?view=personal&seeds=bluesky:ada.example.org,mastodon:@ada@example.org";
    assert_eq!(api.get(named).await.data(), from_ada(&api, "").await);
    let merged = format!("/v1/people?view=personal&seeds={}", api.world.ada_too.home_person());
    assert_eq!(api.get(&merged).await.data(), from_ada(&api, "").await);
    let two = format!("/v1/people?view=personal&seeds={},{}", api.person(0), api.person(1));
    assert!(!ids(&api.get(&two).await.data()).contains(&api.person(1).to_string()));
}

#[tokio::test]
async fn bad_seeds_and_views_are_refused() {
    let api = Api::new().await;
    let ada = api.person(0);
    for (query, status, code, said) in [
        ("seeds=per_1".to_owned(), 400, "bad_parameter", "view"),
        ("view=personal".to_owned(), 400, "bad_parameter", "seeds"),
        (format!("view=global&seeds={ada}"), 400, "bad_parameter", "personal"),
        ("view=personal&seeds=".to_owned(), 400, "bad_parameter", "1 to 50"),
        ("view=personal&seeds=ada".to_owned(), 400, "bad_parameter", "platform:handle"),
        (
            format!("view=personal&seeds={ada}&include_seeds=yes"),
            400,
            "bad_parameter",
            "include_seeds",
        ),
        (format!("view=personal&seeds={ada},per_zzzzzz"), 404, "person_unknown", "per_zzzzzz"),
        (
            "view=personal&seeds=bluesky:missing.example".to_owned(),
            404,
            "account_unknown",
            "missing",
        ),
        (format!("view=personal&seeds={ada}&run=run_999"), 404, "run_unknown", "run_999"),
    ] {
        let reply = api.get(&format!("/v1/people?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{query}");
        assert!(reply.text.contains(said), "{query}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_run_without_rows_says_so() {
    let api = Api::new().await;
    let newer = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    api.clock.advance_seconds(2);
    let path = format!("/v1/people?view=personal&seeds={}", api.person(0));
    let reply = api.get(&path).await;
    assert_eq!((reply.status, reply.code().as_str()), (409, "view_unavailable"));
    assert!(reply.text.contains(&newer.to_string()) && reply.text.contains("score again"));
    let older = api.get(&format!("{path}&run={}", api.world.run)).await;
    assert_eq!(older.status, 200);
    std::fs::remove_file(api.folder.path().join(format!("runs/{}/person-rows-0", api.world.run)))
        .unwrap();
    let kept = api.get(&format!("{path}&run={}", api.world.run)).await;
    assert_eq!(kept.data(), older.data(), "its blocks are kept");
    let other = Api { router: api.beside(&api.clock), ..api };
    let gone = other.get(&format!("{path}&run={}", other.world.run)).await;
    assert_eq!(gone.code(), "view_unavailable");
}

#[tokio::test]
async fn rows_that_changed_are_a_fault_of_ours() {
    let api = Api::new().await;
    let part = api.folder.path().join(format!("runs/{}/person-rows-0", api.world.run));
    let mut bytes = std::fs::read(&part).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 1);
    std::fs::write(&part, bytes).unwrap();
    let reply = api.get(&format!("/v1/people?view=personal&seeds={}", api.person(0))).await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
}

#[tokio::test]
async fn a_seed_that_the_run_does_not_have_is_named() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    let mut page = bluesky().swap_remove(5);
    page.named.native_id = "did:plc:late".to_owned();
    page.named.handle = Some("late.example.org".to_owned());
    profile::import(pg, Platform::BLUESKY, &[page], now).await.unwrap();
    let reply = api.get("/v1/people?view=personal&seeds=bluesky:late.example.org").await;
    assert_eq!(reply.code(), "view_unavailable");
    assert!(reply.text.contains("bluesky:late.example.org"), "{}", reply.text);
}

#[tokio::test]
async fn a_no_after_the_run_takes_a_person_out_of_views() {
    let api = Api::new().await;
    let grace = bluesky().swap_remove(1);
    let page = SeenProfile { consent: Consent::UNLISTED, ..grace };
    profile::import(api.database.pg(), Platform::BLUESKY, &[page], api.clock.now()).await.unwrap();
    // Ada attends to Grace and the hermit only: what they attend to is not for others to see.
    assert_eq!(from_ada(&api, "").await, serde_json::json!([]));
}

#[tokio::test]
async fn a_person_that_was_merged_after_the_run_is_a_seed_by_its_new_name() {
    let api = Api::new().await;
    let (ada, alan) = (api.world.profiles[0], api.world.profiles[ALAN as usize]);
    let groups =
        [vec![ada, api.world.ada_too, alan], vec![api.world.profiles[1], api.world.grace_too]];
    person::save_groups(api.database.pg(), &groups, api.clock.now()).await.unwrap();
    let view = from_ada(&api, "").await;
    let seeded = format!("/v1/people?view=personal&seeds={}", api.person(ALAN as usize));
    assert_eq!(api.get(&seeded).await.data(), view);
}
