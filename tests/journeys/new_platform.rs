//! A platform that does not come with Borg, from its manifest alone.

use serde_json::{Value, json};

use crate::borg::Borg;
use crate::served::Served;
use crate::test_server::{TestRequest, TestResponse, TestServer};

const MANIFEST: &str = include_str!("forum.yaml");

/// The members of the forum, by number. Each follows all that come after it.
const MEMBERS: [&str; 6] = ["ada", "ben", "cleo", "dan", "eve", "finn"];

fn member(number: usize) -> Value {
    let name = MEMBERS[number];
    json!({"id": (100 + number).to_string(), "name": name, "title": format!("{name} of the forum")})
}

fn members(numbers: impl Iterator<Item = usize>) -> TestResponse {
    TestResponse::json(&json!({"members": numbers.map(member).collect::<Vec<_>>()}))
}

/// A query's field.
fn field<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn forum(request: &TestRequest<'_>) -> TestResponse {
    let number = |id: &str| id.parse::<usize>().ok()?.checked_sub(100).filter(|&n| n < 6);
    let path: Vec<&str> = request.path.split('/').collect();
    match path.as_slice() {
        ["", "api", "members"] => {
            let name = field(request.query, "name").unwrap_or_default();
            members(MEMBERS.iter().position(|known| *known == name).into_iter())
        }
        ["", "api", "members", id] => number(id).map_or_else(
            || TestResponse::of(410, "{}"),
            |number| TestResponse::json(&member(number)),
        ),
        ["", "api", "members", id, "following"] => {
            let page =
                field(request.query, "page").map_or(1, |page| page.parse().expect("a number"));
            let others = number(id).map_or(6, |number| number + 1)..6;
            members(others.skip((page - 1) * 2).take(2))
        }
        _ => TestResponse::of(404, ""),
    }
}

/// The forum's manifest in a folder of a new home, and the option that leads to its server.
fn with_manifest(server: &TestServer) -> (Borg, String) {
    let borg = Borg::new();
    borg.write("forum.yaml", MANIFEST);
    (borg, format!("forum={}", server.origin))
}

#[test]
fn a_manifest_is_all_that_a_new_platform_takes() {
    let server = TestServer::start(forum);
    let (borg, origin) = with_manifest(&server);
    let args = ["crawl", "forum:ada", "--manifest", "forum.yaml", "--base-url", &origin];
    let crawled = borg.json(&args);
    assert_eq!((&crawled["profiles_crawled"], &crawled["profiles_failed"]), (&6.into(), &0.into()));
    assert_eq!(borg.export("arcs").len(), 15);
    borg.json(&["score"]);
    // Later commands know it without its file.
    let streams = borg.json(&["streams", "--platform", "forum"]);
    assert_eq!(streams["streams"].as_array().unwrap().len(), 2);
    let served = Served::start(&borg);
    let found = served.data("/v1/search?q=finn");
    assert_eq!(found[0]["person"]["platform"], "forum", "{found}");
}

#[test]
fn its_number_stays_and_another_platform_gets_another() {
    let server = TestServer::start(forum);
    let (borg, origin) = with_manifest(&server);
    borg.write("grove.yaml", MANIFEST.replace("platform: forum", "platform: grove"));
    let crawl = |seed: &str, manifest: &str| {
        let args = ["crawl", seed, "--manifest", manifest, "--base-url", &origin, "--depth", "0"];
        borg.json(&args);
    };
    crawl("forum:finn", "forum.yaml");
    crawl("grove:finn", "grove.yaml");
    crawl("forum:eve", "forum.yaml");
    let profiles = borg.export("profiles");
    let of = |platform: &str| {
        profiles.iter().filter(|line| line.contains(&format!("\t{platform}\t"))).count()
    };
    assert_eq!((of("forum"), of("grove")), (2, 1), "{profiles:?}");
    // What its profiles were stored with cannot change.
    borg.write(
        "forum.yaml",
        MANIFEST.replace("platform: forum", "platform: forum\nlisting: opt_in"),
    );
    let args = ["crawl", "forum:ada", "--manifest", "forum.yaml", "--base-url", &origin];
    assert!(borg.failure(&args).contains("`forum`"), "{}", borg.failure(&args));
}

#[test]
fn a_page_can_be_tried_before_anything_is_crawled() {
    let server = TestServer::start(forum);
    let (borg, origin) = with_manifest(&server);
    let checked = borg.json(&["streams", "check", "forum.yaml"]);
    assert_eq!(checked["streams"][1]["emits"], "follow out");
    let one = |stream: &str| {
        borg.json(&["streams", "try", "forum.yaml", stream, "ada", "--base-url", &origin])
    };
    let following = one("following");
    assert_eq!(following["lists"][0]["first"], "101 102");
    assert_eq!(following["outcome"], "there is another page");
    let page = one("member")["profile"].as_array().unwrap().clone();
    assert!(page.contains(&json!({"field": "display_name", "value": "ada of the forum"})));
    let args = ["streams", "try", "forum.yaml", "friends", "ada", "--base-url", &origin];
    let unknown = borg.failure(&args);
    assert!(unknown.contains("no stream `friends`: take one of member, following"), "{unknown}");
    assert!(!borg.path(".borg").exists());
}

#[test]
fn mistakes_are_named_with_their_line_and_nothing_is_kept() {
    let (borg, _) = with_manifest(&TestServer::start(forum));
    borg.write("forum.yaml", MANIFEST.replace("    records:", "    recrods:"));
    let wrong = borg.failure(&["streams", "check", "forum.yaml"]);
    let line = MANIFEST.lines().position(|line| line.contains("records:")).unwrap() + 1;
    assert!(
        wrong.contains(&format!("forum.yaml:{line}: form: unknown field `recrods`")),
        "{wrong}"
    );
    assert!(wrong.contains("did you mean `records`?"), "{wrong}");
    let wrong = borg.failure(&["crawl", "forum:ada", "--manifest", "forum.yaml"]);
    assert!(wrong.contains("recrods"), "{wrong}");
    // The name of a platform that comes with Borg is no other's.
    borg.write("forum.yaml", MANIFEST.replace("platform: forum", "platform: lemmy"));
    let taken = borg.failure(&["streams", "check", "forum.yaml"]);
    assert!(taken.contains("`lemmy` is `fediverse`"), "{taken}");
    let unknown = borg.failure(&["crawl", "forum:ada"]);
    assert!(unknown.contains("unknown platform `forum`"), "{unknown}");
}
