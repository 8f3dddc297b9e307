//! The strongest path between two people.

use model::Platform;
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::{Consent, PersonId};
use serde_json::{Value, json};
use store::pg::profile;

use crate::world::{ALAN, Api, bluesky};

fn steps(path: &Value) -> Vec<String> {
    let steps = path["steps"].as_array().unwrap().iter();
    steps.map(|step| step["person"]["id"].as_str().unwrap().to_owned()).collect()
}

impl Api {
    /// The path from one person to another, each with a number of the run.
    async fn path(&self, from: u32, to: u32) -> Value {
        let [from, to] = [from, to].map(|number| self.person(number as usize));
        let path = self.get(&format!("/v1/people/{from}/path?to={to}")).await.data();
        assert_eq!((&path["from"], &path["to"]), (&json!(from), &json!(to)));
        path
    }

    fn ids(&self, numbers: &[u32]) -> Vec<String> {
        let id = |&number: &u32| -> PersonId { self.person(number as usize) };
        numbers.iter().map(|number| id(number).to_string()).collect()
    }
}

#[tokio::test]
async fn a_path_names_its_steps_with_shares_and_layers() {
    let api = Api::new().await;
    let path = api.path(0, 2).await;
    assert_eq!(steps(&path), api.ids(&[1, 2]));
    let share = |value: &Value| value["share"].as_f64().unwrap();
    let [first, second] = [0, 1].map(|at| share(&path["steps"][at]));
    assert!((first / 0.75 - 1.0).abs() < 0.04 && second == 1.0, "{path}");
    assert!((share(&path) - first * second).abs() < 1e-6);
    assert_eq!(path["steps"][0]["layers"], json!(["follow"]));
    assert_eq!(path["steps"][1]["layers"], json!([]), "her own lists do not show it");
    assert_eq!(path["searched"]["complete"], true);
}

#[tokio::test]
async fn a_path_has_six_steps_at_most_and_leads_over_the_listed_only() {
    let api = Api::new().await;
    let far = api.path(1, ALAN + 5).await;
    assert_eq!(steps(&far), api.ids(&[2, ALAN + 1, ALAN + 2, ALAN + 3, ALAN + 4, ALAN + 5]));
    for (from, to) in [(1, ALAN + 6), (0, ALAN), (2, 0)] {
        let none = api.path(from, to).await;
        assert_eq!((&none["steps"], &none["share"]), (&json!([]), &Value::Null));
        let searched = &none["searched"];
        assert_eq!((&searched["steps"], &searched["complete"]), (&json!(6), &json!(true)));
    }
    let path = format!("/v1/people/{}/path?to={}", api.person(2), api.person(0));
    let reply = api.get(&path).await;
    let units = "class=graph, call.read=1, row.rank=1";
    assert_eq!(reply.header("borg-units"), units, "the longest search has an answer, too");
    let path = format!("/v1/people/{}/path?to={}", api.person(0), api.person(2));
    assert_eq!(api.get(&path).await.header("borg-units"), "class=graph, call.read=1, row.rank=2");
}

#[tokio::test]
async fn who_says_no_after_the_run_is_no_step() {
    let api = Api::new().await;
    let acme = bluesky().swap_remove(2);
    let page = SeenProfile { consent: Consent::UNLISTED, ..acme };
    profile::import(api.database.pg(), Platform::BLUESKY, &[page], api.clock.now()).await.unwrap();
    let none = api.path(0, ALAN + 1).await;
    assert_eq!(steps(&none), [""; 0]);
    let acme = api.get(&format!("/v1/people/{}/path?to={}", api.person(0), api.person(2))).await;
    assert_eq!(acme.code(), "person_unknown");
}

#[tokio::test]
async fn a_person_is_no_step_away_from_itself() {
    let api = Api::new().await;
    let ada = api.person(0);
    for same in [ada, api.world.ada_too.home_person()] {
        let path = api.get(&format!("/v1/people/{ada}/path?to={same}")).await.data();
        assert_eq!((&path["share"], &path["steps"]), (&json!(1.0), &json!([])));
    }
}

#[tokio::test]
async fn bad_ends_are_refused() {
    let api = Api::new().await;
    let [ada, grace] = [0, 1].map(|number| api.person(number));
    for (path, status, code) in [
        (format!("/v1/people/{ada}/path"), 400, "bad_parameter"),
        (format!("/v1/people/{ada}/path?from={grace}&to={grace}"), 400, "bad_parameter"),
        (format!("/v1/people/{ada}/path?to=prf_1"), 400, "bad_parameter"),
        (format!("/v1/people/{ada}/path?to=per_zzzzzz"), 404, "person_unknown"),
        (format!("/v1/people/per_zzzzzz/path?to={ada}"), 404, "person_unknown"),
    ] {
        let reply = api.get(&path).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path}");
    }
}
