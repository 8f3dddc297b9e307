//! What a served API refuses, over HTTP: with the right status, and a text that helps.

use crate::borg::Borg;
use crate::scoring::two_cliques;
use crate::served::Served;

/// A request, and what must come of it. [`Names`] has the value of a word in braces.
struct Refused {
    /// The `Authorization` header.
    by: &'static str,
    method: &'static str,
    path: &'static str,
    body: &'static [u8],
    status: u16,
    /// Words that the problem's `detail` must have.
    words: &'static [&'static str],
}

type Words = &'static [&'static str];

const fn by(by: &'static str, status: u16, words: Words) -> Refused {
    Refused { by, method: "GET", path: "/v1/runs", body: b"", status, words }
}

const fn get(path: &'static str, status: u16, words: Words) -> Refused {
    Refused { by: "Bearer {key}", method: "GET", path, body: b"", status, words }
}

const fn batch(body: &'static [u8], status: u16, words: Words) -> Refused {
    let path = "/v1/people:batch";
    Refused { by: "Bearer {key}", method: "POST", path, body, status, words }
}

const REFUSED: &[Refused] = &[
    by("", 401, &["send an API key", "Authorization: Bearer borg_live_"]),
    by("Basic dXNlcjpwYXNz", 401, &["Authorization: Bearer"]),
    by("Bearer sk_live_123", 401, &["looks like borg_live_", "36 letters and digits"]),
    by("Bearer {mistyped}", 401, &["checksum is wrong", "copied whole"]),
    by("Bearer {foreign_key}", 401, &["this API key is unknown", "another server"]),
    by("Bearer {revoked}", 401, &["was revoked", "make a new one", "borg key create"]),
    get("/v1/runs?key={key}", 400, &["Authorization: Bearer", "revoke it"]),
    get("{list}&cursor={cursor_of_others}", 404, &["another route", "begin again without it"]),
    get("/v1/runs?cursor={cursor}", 404, &["another route", "begin again without it"]),
    get(
        "{list}&sort=insider&cursor={cursor}",
        404,
        &["other parameters", "begin again without it"],
    ),
    get("{list}&cursor={foreign_cursor}", 404, &["another server", "begin again without it"]),
    get("{list}&cursor={tampered}", 404, &["is damaged", "begin again without it"]),
    get("{list}&cursor=2", 404, &["is damaged", "begin again without it"]),
    get("/v1/runs?limit=0", 400, &["limit", "from 1 to 1000"]),
    get("/v1/runs?limit=1000000000", 400, &["limit", "from 1 to 1000"]),
    get("/v1/runs?limit=-1", 400, &["limit", "from 1 to 1000"]),
    get("/v1/runs?limit=many", 400, &["limit", "from 1 to 1000"]),
    get("/v1/runs?limit=1&limit=2", 400, &["duplicate", "`limit`"]),
    get("/v1/runs?colour=red", 400, &["unknown", "`colour`", "`limit` or `cursor`"]),
    get("/v1/search", 400, &["missing", "`q`"]),
    get("/v1/search?q=%FF", 400, &["not UTF-8", "percent-encode"]),
    get("/v1/search?q=a%00b", 400, &["NUL"]),
    get("/v1/communities?level=256", 400, &["level", "from 0 to 255"]),
    get("/v1/communities?as_of=yesterday", 400, &["as_of", "2026-01-31T12:00:00Z"]),
    get("/v1/communities?run=last", 400, &["`last`", "run_…"]),
    get("/v1/communities?run=run_zz", 404, &["no run run_zz", "/v1/runs"]),
    get("/v1/people:resolve?account=tom", 400, &["`tom`", "platform:handle"]),
    get("/v1/people:resolve?account=myspace:tom", 400, &["unknown platform", "bluesky"]),
    get("/v1/people:resolve?account=file:25", 404, &["file:25", "not in the index"]),
    get("/v1/people/ada", 400, &["`ada`", "per_…"]),
    get("/v1/people/prf_1", 400, &["`prf_1`", "per_…"]),
    get("/v1/people/%FF", 400, &["not UTF-8", "percent-encode"]),
    get("/v1/people/{key}", 400, &["API key is no id", "header"]),
    get("/v1/people/per_zzzz", 404, &["no person per_zzzz", "/v1/search"]),
    get("/v1/profiles/prf_zzzz", 404, &["no profile prf_zzzz", "/v1/people:resolve"]),
    get("/v1/communities/com_zzzz", 404, &["no community com_zzzz", "/v1/communities"]),
    get("/v1/runs/run_zzzz", 404, &["no run run_zzzz", "/v1/runs"]),
    get("/v2/everything", 404, &["no such route", "/docs"]),
    Refused { method: "DELETE", ..get("/v1/runs", 405, &["this method", "Allow", "/docs"]) },
    Refused { method: "POST", ..get("/v1/search?q=x", 405, &["this method", "Allow", "/docs"]) },
    batch(b"", 400, &["the body", "this is no JSON", "line 1 column 0"]),
    batch(b"per_1", 400, &["the body", "this is no JSON", "line 1 column 1"]),
    batch(b"{\"ids\": [\"per_1\"", 400, &["the body", "this is no JSON", "line 1 column 16"]),
    batch(b"{\"ids\": [\"\xff\"]}", 400, &["this is no JSON", "unicode", "line 1 column 11"]),
    batch(b"7", 400, &["the body", "an object with `ids`"]),
    batch(b"{\"id\": []}", 400, &["/id", "expected `ids`"]),
    batch(b"{\"ids\": [\"ada\"]}", 400, &["/ids/0", "`ada`", "per_…"]),
    batch(b"{\"ids\": []}", 400, &["/ids", "1 to 1000 ids", "not 0"]),
    batch(&[b' '; 70_000], 413, &["too large", "send fewer ids"]),
];

#[test]
fn every_refusal_of_the_api_has_its_status_and_a_helpful_text() {
    let (borg, elsewhere) = (scored(), scored());
    let served = Served::start(&borg);
    let names = Names::of(&borg, &served, &Served::start(&elsewhere));
    let before = served.data("/v1/communities");
    for refused in REFUSED {
        let [by, path] = [refused.by, refused.path].map(|text| names.fill(text));
        let (status, problem) = served.send(refused.method, &path, &by, refused.body);
        let asked = format!("{} {path} by {by:?}", refused.method);
        assert_eq!(status, refused.status, "{asked}: {problem}");
        assert_eq!(problem["status"], status, "{asked}: {problem}");
        let detail = problem["detail"].as_str().expect("a problem has a detail");
        for word in refused.words {
            assert!(detail.contains(word), "{asked}: {detail:?} does not say {word:?}");
        }
    }
    assert_eq!(served.data("/v1/communities"), before);
}

fn scored() -> Borg {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    borg.json(&["import", "arcs.tsv"]);
    borg.json(&["score"]);
    borg
}

/// What the installations have made, by the names that the table has for it.
struct Names([(&'static str, String); 9]);

impl Names {
    fn of(borg: &Borg, served: &Served, elsewhere: &Served) -> Names {
        let communities = served.data("/v1/communities");
        let people_of = |at: usize| {
            let id = communities[at]["id"].as_str().expect("there are two communities");
            format!("/v1/communities/{id}/people?limit=1")
        };
        let (list, others) = (people_of(0), people_of(1));
        let cursor = cursor(served, &list);
        Names([
            ("{key}", served.key().to_owned()),
            ("{mistyped}", with_other_end(served.key())),
            ("{foreign_key}", elsewhere.key().to_owned()),
            ("{revoked}", revoked(borg)),
            ("{tampered}", with_other_end(&cursor)),
            ("{cursor}", cursor),
            ("{cursor_of_others}", self::cursor(served, &others)),
            ("{foreign_cursor}", self::cursor(elsewhere, &list)),
            ("{list}", list),
        ])
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.0.iter().fold(text.to_owned(), fill)
    }
}

/// The cursor of a list's second page, which it opens.
fn cursor(served: &Served, list: &str) -> String {
    let (_, first) = served.get(list);
    let cursor = first["next_cursor"].as_str().expect("there is a second page").to_owned();
    assert_ne!(served.data(&format!("{list}&cursor={cursor}")), first["data"]);
    cursor
}

/// The text with other letters at its end.
fn with_other_end(text: &str) -> String {
    let (start, end) = text.split_at(text.len() - 2);
    format!("{start}{}", if end == "AA" { "BB" } else { "AA" })
}

fn revoked(borg: &Borg) -> String {
    let made = borg.json(&["key", "create", "--account", "journey", "--credits", "1"]);
    let text = |name: &str| made[name].as_str().expect("a key has a secret and an id").to_owned();
    borg.json(&["key", "revoke", &text("id")]);
    text("key")
}
