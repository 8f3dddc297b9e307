//! A membership in a sensitive community is shown for those who name its topic, and of no one else,
//! whatever is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use model::change::RunChanges;
use model::index::RunPerson;
use model::map::{MapDisc, MapPlace};
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::rank_change::{RankChange, RankChangeReason, RankState};
use model::{
    Community, CommunityId, Consent, Membership, Platform, RunId, SensitiveTopic, SensitiveTopics,
};
use serde_json::{Value, json};
use store::pg::community::WORLD;
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};
use store::pg::map::MapRegion;
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::score::PersonScore;
use store::pg::term::Term;
use store::pg::{community, profile, run};

use crate::changes::soon;
use crate::mcp::Agent;
use crate::world::{Api, Reply, bluesky, load_map};

/// Numbers of people, as in [`crate::world`].
pub(crate) const ADA: usize = 0;
const GRACE: usize = 1;
const HERMIT: usize = 3;
/// An Alan whose words are private, and one who names both topics.
const DISCREET: usize = 5;
pub(crate) const OUTSPOKEN: usize = 6;

/// The API over a run with sensitive communities.
pub(crate) struct PlantedWorld {
    pub(crate) api: Api,
    run: RunId,
    /// A community about nothing sensitive.
    pub(crate) plain: CommunityId,
    /// One whose labels name a faith.
    pub(crate) mosque: CommunityId,
    /// One of which the run found that it is about HIV; its labels say nothing.
    pub(crate) group: CommunityId,
}

/// The profiles with the bios of this world.
pub(crate) fn pages() -> Vec<SeenProfile> {
    let mut pages = bluesky();
    let mut write = |number: usize, bio: &str| pages[number].texts.bio = Some(bio.to_owned());
    write(ADA, "Muslim. Analytical engines");
    write(HERMIT, "muslim, hiv positive");
    write(DISCREET, "muslim, hiv positive");
    write(OUTSPOKEN, "Muslimah living with HIV");
    pages[DISCREET].consent = Consent::WORDS_PRIVATE;
    pages
}

impl PlantedWorld {
    pub(crate) async fn new() -> PlantedWorld {
        let api = Api::new().await;
        let (pg, now) = (api.database.pg(), api.clock.now());
        profile::import(pg, Platform::BLUESKY, &pages(), now).await.unwrap();
        let ids = community::mint(pg, 3).await.unwrap();
        let run = run::create(pg, None, now).await.unwrap();
        let world = PlantedWorld { api, run, plain: ids[0], mosque: ids[1], group: ids[2] };
        world.load().await;
        world
    }

    /// Loads the run, and serves it with what changed.
    async fn load(&self) {
        let (pg, now) = (self.api.database.pg(), self.api.clock.now());
        let mut loader = RunLoader::begin(pg, self.run).await.unwrap();
        loader.people(&self.scores()).await.unwrap();
        loader.communities(&self.communities()).await.unwrap();
        for id in [WORLD, self.plain, self.mosque, self.group] {
            loader.memberships(PackedMemberships::pack(id, &self.memberships())).await.unwrap();
            loader.evidence(id, evidence(self.scores().len())).await.unwrap();
        }
        loader.terms(&self.terms()).await.unwrap();
        self.load_map(&mut loader).await;
        loader.finish(::search::Folding::NEWEST.number()).await.unwrap();
        run::publish(pg, self.run, &ranks(self.changes()), now).await.unwrap();
    }

    /// Ada lies in the mosque, the outspoken Alan in the group, which both regions hold, and all others who are
    /// listed beside them.
    async fn load_map(&self, loader: &mut RunLoader<'_>) {
        let disc = |x, y, radius| MapDisc { x, y, radius };
        let region =
            |community, level, disc| MapRegion { community, level, last_level: level, disc };
        let regions = [
            region(WORLD, None, MapDisc::WORLD),
            region(self.plain, Some(0), disc(0.0, 0.0, 0.9)),
            region(self.mosque, Some(1), disc(0.5, 0.0, 0.3)),
            region(self.group, Some(1), disc(0.5, 0.1, 0.3)),
        ];
        let place = |number: u16| match usize::from(number) {
            ADA => MapPlace { disc: disc(0.5, 0.0, 0.01), community: Some(self.mosque) },
            OUTSPOKEN => MapPlace { disc: disc(0.5, 0.05, 0.01), community: Some(self.group) },
            _ => {
                let x = f32::from(number) / 64.0 - 0.5;
                MapPlace { disc: disc(x, 0.0, 0.005), community: Some(self.plain) }
            }
        };
        load_map(loader, &regions, &self.scores(), place).await;
    }

    fn scores(&self) -> Vec<PersonScore> {
        let score = |(number, page): (u32, SeenProfile)| PersonScore {
            person: self.api.person(number as usize),
            kind: page.kind,
            unlisted: page.consent.has(Consent::UNLISTED),
            attention: 0.5 / f32::from(number as u16 + 1),
            score: 1000 - number as u16,
            trust: 0.5,
            rank: NonZeroU32::new(number + 1).filter(|_| number as usize != HERMIT),
        };
        (0..).zip(pages()).map(score).collect()
    }

    fn communities(&self) -> Vec<(Community, Vec<String>)> {
        let community = |id, parent, level, label: &str, sensitive| Community {
            id,
            parent,
            level,
            last_level: level,
            same_as: None,
            members: 28,
            trust: 0.5,
            low_trust: false,
            labels: vec![label.to_owned()],
            sensitive,
        };
        let all = [
            community(self.plain, None, 0, "Tea", SensitiveTopics::NONE),
            community(self.mosque, Some(self.plain), 1, "Mosque", SensitiveTopics::NONE),
            community(self.group, Some(self.plain), 1, "Tuesday", SensitiveTopic::Hiv.into()),
        ];
        let worded = |one: Community| {
            let words = one.labels.iter().map(|label| label.to_lowercase()).collect();
            (one, words)
        };
        all.map(worded).to_vec()
    }

    fn memberships(&self) -> Vec<Membership> {
        let membership = |(number, score): (u32, PersonScore)| Membership {
            person: RunPerson::new(number),
            kind: score.kind,
            member: true,
            ranked: score.rank.is_some(),
            low_confidence: false,
            support: 32.0,
            attention: score.attention,
            score: score.score,
            insider: f32::from(number as u16) / 100.0,
            belonging: 0.5,
        };
        (0..).zip(self.scores()).map(membership).collect()
    }

    fn terms(&self) -> Vec<Term> {
        let mut builder = ::search::IndexBuilder::new(::search::Folding::NEWEST);
        for (number, page) in (0..).zip(&pages()) {
            let words = ::search::PublicWords {
                handle: page.named.handle.as_deref(),
                display_name: page.texts.display_name.as_deref(),
                bio: page.texts.bio.as_deref(),
                consent: page.consent,
            };
            builder.add(number, &[words]).unwrap();
        }
        let rows = builder.finish().into_iter();
        rows.map(|row| Term { term: row.key, count: row.count, body: row.body }).collect()
    }

    /// A changed rank of each person in each community, which all people caused.
    fn changes(&self) -> Vec<RankChange> {
        let stood = |rank| RankState { rank: NonZeroU32::new(rank), attention: 0.25 };
        let people: Vec<_> = (0..self.scores().len()).map(|at| self.api.person(at)).collect();
        let communities = [self.plain, self.mosque, self.group, WORLD].into_iter();
        let changes = communities.flat_map(|community| {
            let people = people.clone();
            people.clone().into_iter().map(move |person| {
                let reason = |&person| RankChangeReason { person, before: 0.0, after: 0.125 };
                (community, person, people.iter().map(reason).collect::<Vec<_>>())
            })
        });
        let change = |(community, person, reasons)| RankChange {
            person,
            community,
            run: self.run,
            before: stood(0),
            after: stood(2),
            reasons,
        };
        changes.map(change).collect()
    }

    /// What a person is known by.
    fn names(&self, number: usize) -> Vec<String> {
        let mut names =
            vec![self.api.person(number).to_string(), self.api.world.profiles[number].to_string()];
        names.extend(pages()[number].named.handle.clone());
        if number == ADA {
            names.push(self.api.world.ada_too.to_string());
        }
        names
    }

    /// Who is named beside which community in an answer, people by number.
    pub(crate) fn pairs(&self, asked: &str, answer: &Value) -> BTreeSet<(CommunityId, usize)> {
        let rows = match &answer["data"] {
            Value::Array(rows) => rows.clone(),
            // A map names communities beside the one that was asked for: its people are not said to be in those.
            map if map["people"].is_array() => {
                map["people"].as_array().cloned().unwrap_or_default()
            }
            row => vec![row.clone()],
        };
        let mut pairs = BTreeSet::new();
        for row in rows {
            let text = format!("{asked} {row}");
            let words: BTreeSet<&str> = text.split(is_between).collect();
            for community in [self.plain, self.mosque, self.group] {
                let is_there = words.contains(community.to_string().as_str());
                let named = (0..pages().len()).filter(|&number| {
                    self.names(number).iter().any(|name| words.contains(name.as_str()))
                });
                pairs.extend(named.filter(|_| is_there).map(|number| (community, number)));
            }
        }
        pairs
    }

    /// All requests that the API's document allows and this world has ids for.
    async fn requests(&self) -> BTreeMap<String, Vec<String>> {
        let document = self.api.get("/openapi.json").await.json();
        let routes = document["paths"].as_object().unwrap();
        let gets = routes.iter().filter(|(_, methods)| !methods["get"].is_null());
        let gets = gets.filter(|(route, _)| !route.ends_with(".wasm"));
        gets.map(|(route, methods)| (route.clone(), self.of_route(route, &methods["get"])))
            .collect()
    }

    fn of_route(&self, route: &str, operation: &Value) -> Vec<String> {
        let people = (0..pages().len()).map(|at| self.api.person(at).to_string()).collect();
        let profiles = self.api.world.profiles.iter().map(ToString::to_string).collect();
        let communities = [self.plain, self.mosque, self.group, WORLD].map(|id| id.to_string());
        let ids: Vec<String> = match route.split('/').nth(2) {
            _ if !route.contains('{') => vec![String::new()],
            Some("people") => people,
            Some("profiles") => profiles,
            Some("communities") => communities.to_vec(),
            Some("runs") => vec![self.run.to_string()],
            _ => Vec::new(),
        };
        let paths = ids.iter().map(|id| route.replace("{id}", id));
        let paths: Vec<String> = paths.filter(|path| !path.contains('{')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let takes = |name: &str| parameters.iter().any(|one| one["name"] == name);
        let mut queries = vec![String::new()];
        for (name, values) in [
            ("limit", vec!["1000"]),
            ("community", communities.iter().map(String::as_str).collect()),
            ("q", vec!["muslim", "mosque", "tuesday", "alan", "grace", "hiv", "@a", "a"]),
            ("sort", vec!["attention", "insider"]),
            ("view", vec!["all", "person", "organisation"]),
            ("account", vec!["bluesky:grace.example.org"]),
        ] {
            if takes(name) {
                let with = |query: &String| {
                    let values = values.iter();
                    values.map(|value| format!("{query}{name}={value}&")).collect::<Vec<_>>()
                };
                queries = queries.iter().flat_map(with).collect();
            }
        }
        let ask = |path: &String| {
            queries.iter().map(|query| format!("{path}?{query}")).collect::<Vec<_>>()
        };
        paths.iter().flat_map(ask).collect()
    }
}

fn is_between(c: char) -> bool {
    !c.is_alphanumeric() && !"_-.".contains(c)
}

/// Everybody's attention in a community: all people bring it to everybody.
fn evidence(people: usize) -> PackedEvidence {
    let source = |person: usize| EvidenceSource {
        person: RunPerson::new(person as u32),
        attention: 0.5 / (person + 1) as f32,
        unit: 0.5,
    };
    let sources: Vec<EvidenceSource> = (0..people).map(source).collect();
    let mut packer = EvidencePacker::new(0.85, &sources);
    for person in 0..people {
        let edge = |source: usize| EvidenceEdge { source: source as u32, weight: 1.0 };
        let mut edges: Vec<EvidenceEdge> = (0..people).map(edge).collect();
        packer.add(0.5 / (person + 1) as f32, 0.1, &mut edges);
    }
    packer.finish()
}

/// Waits until the change log shows all that the run reported: the world's changes are the last.
async fn wait_for_changes(world: &PlantedWorld) {
    let path = "/v1/changes?limit=1000";
    for _ in 0..600 {
        let events = soon(&world.api, path).await.data();
        let ranks = events.as_array().unwrap().iter();
        let of_world = |event: &&Value| event["change"]["community"] == "com_0";
        if ranks.filter(of_world).count() >= pages().len() - 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the changes are not in the log");
}

#[tokio::test]
async fn no_route_tells_of_a_membership_that_its_person_does_not_name() {
    let world = PlantedWorld::new().await;
    wait_for_changes(&world).await;
    let shown =
        BTreeSet::from([(world.mosque, ADA), (world.mosque, OUTSPOKEN), (world.group, OUTSPOKEN)]);
    let (mut found, mut answered) = (BTreeMap::new(), BTreeSet::new());
    for (route, requests) in world.requests().await {
        for request in requests {
            let reply = world.api.get(&request).await;
            if reply.status != 200 || !reply.text.starts_with('{') {
                continue;
            }
            answered.insert(route.clone());
            let pairs = world.pairs(&request, &reply.json());
            for pair in pairs.iter().filter(|(id, _)| *id != world.plain) {
                assert!(shown.contains(pair), "{request} tells {pair:?}: {}", reply.text);
            }
            found.entry(route.clone()).or_insert_with(BTreeSet::new).extend(pairs);
        }
    }
    for route in [
        "/v1/communities/{id}/people",
        "/v1/communities/{id}/map",
        "/v1/people/{id}/ranks",
        "/v1/people/{id}/evidence",
        "/v1/changes",
    ] {
        let all = found.get(route).unwrap_or_else(|| panic!("{route} is not asked: {answered:?}"));
        assert!(shown.is_subset(all), "{route} does not tell what may be shown: {all:?}");
        let plain = all.iter().filter(|(id, _)| *id == world.plain).count();
        assert_eq!(plain, pages().len() - 1, "{route}: of a plain community all are shown");
    }
    for route in ["/v1/search", "/v1/communities", "/v1/communities/{id}", "/v1/profiles/{id}"] {
        assert!(answered.contains(route), "{route} is not asked: {answered:?}");
    }
}

#[tokio::test]
async fn no_tool_tells_of_a_membership_that_its_person_does_not_name() {
    let world = PlantedWorld::new().await;
    wait_for_changes(&world).await;
    let agent = Agent::of(&world.api).await;
    let communities = [world.plain, world.mosque, world.group, WORLD].map(|id| id.to_string());
    let mut asked = vec![("list_changes", json!({"limit": 50})), ("list_communities", json!({}))];
    for word in ["muslim", "mosque", "tuesday", "hiv", "alan"] {
        asked.push(("search", json!({"q": word, "limit": 50})));
        asked.push(("suggest", json!({"q": word})));
    }
    for id in &communities {
        asked.push(("get_community", json!({"id": id})));
        asked.push(("community_lineage", json!({"id": id})));
        asked.push(("list_community_people", json!({"id": id, "limit": 50})));
        asked.push(("list_changes", json!({"community": id, "limit": 50})));
        asked.push(("search", json!({"q": "a", "community": id, "limit": 50})));
    }
    for number in [ADA, GRACE, DISCREET, OUTSPOKEN] {
        let person = world.api.person(number).to_string();
        asked.push(("get_person", json!({"id": person})));
        asked.push(("list_person_ranks", json!({"id": person})));
        asked.push(("personal_rank", json!({"seeds": person})));
        for id in &communities {
            asked.push(("get_evidence", json!({"id": person, "community": id})));
            asked.push(("person_history", json!({"id": person, "community": id})));
        }
    }
    let shown =
        BTreeSet::from([(world.mosque, ADA), (world.mosque, OUTSPOKEN), (world.group, OUTSPOKEN)]);
    let mut found = BTreeSet::new();
    for (tool, arguments) in asked {
        let Some(answer) = agent.call(tool, &arguments).await.structured_content else { continue };
        let pairs = world.pairs(&arguments.to_string(), &answer);
        for pair in pairs.iter().filter(|(id, _)| *id != world.plain && !answer["data"].is_null()) {
            assert!(shown.contains(pair), "{tool} {arguments} tells {pair:?}: {answer}");
            found.insert(*pair);
        }
    }
    assert_eq!(found, shown, "what may be shown is shown");
}

#[tokio::test]
async fn no_export_tells_of_a_membership_that_its_person_does_not_name() {
    let world = PlantedWorld::new().await;
    wait_for_changes(&world).await;
    let shown =
        BTreeSet::from([(world.mosque, ADA), (world.mosque, OUTSPOKEN), (world.group, OUTSPOKEN)]);
    for what in ["memberships", "changes"] {
        let order = json!({"what": what, "format": "ndjson"});
        let rows = crate::exports::written(&world.api, &order).await;
        let rows: Vec<Value> = rows.iter().map(|row| json!(format!("{row:?}"))).collect();
        let all = world.pairs("", &json!({ "data": rows }));
        let (plain, sensitive): (BTreeSet<_>, BTreeSet<_>) =
            all.into_iter().partition(|(id, _)| *id == world.plain);
        assert_eq!(sensitive, shown, "{what}");
        assert_eq!(plain.len(), pages().len() - 1, "{what}: of a plain community all are shown");
    }
}

/// The answer without what names the request.
fn bare(reply: &Reply, asked: &str) -> (u16, Value) {
    let mut body: Value = serde_json::from_str(&reply.text.replace(asked, "it")).unwrap();
    body["request_id"] = Value::Null;
    body["instance"] = Value::Null;
    (reply.status, body)
}

#[tokio::test]
async fn a_hidden_membership_is_answered_as_one_that_there_is_not() {
    let world = PlantedWorld::new().await;
    let missing = "com_900";
    for number in [GRACE, DISCREET] {
        let person = world.api.person(number);
        for community in [world.mosque, world.group] {
            let ask = async |community: &str| {
                let path = format!("/v1/people/{person}/evidence?community={community}");
                bare(&world.api.get(&path).await, community)
            };
            assert_eq!(ask(&community.to_string()).await, ask(missing).await);
        }
        let rows = world.api.walk(&format!("/v1/people/{person}/ranks?limit=1")).await;
        let ids: Vec<&Value> = rows.iter().map(|row| &row["community"]["id"]).collect();
        assert_eq!(ids, [&json!("com_0"), &json!(world.plain.to_string())]);
    }
    let all = format!("/v1/people/{}/ranks?limit=2", world.api.person(GRACE));
    let next = world.api.get(&all).await.json()["next_cursor"].clone();
    assert!(next.is_null(), "no page without rows follows");
}

#[tokio::test]
async fn a_page_of_a_sensitive_community_has_those_who_name_it() {
    let world = PlantedWorld::new().await;
    let path = format!("/v1/communities/{}/people?limit=1", world.mosque);
    let people = world.api.walk(&path).await;
    let ids: Vec<&Value> = people.iter().map(|row| &row["person"]["id"]).collect();
    let shown = [ADA, OUTSPOKEN].map(|number| json!(world.api.person(number).to_string()));
    assert_eq!(ids, shown.iter().collect::<Vec<_>>());
    // Ranks count those who are not shown; the unlisted hermit has none.
    assert_eq!((&people[0]["rank"], &people[1]["rank"]), (&json!(1), &json!(6)));
    let second = world.api.get(&path).await.json()["next_cursor"].as_str().unwrap().to_owned();
    let end = world.api.get(&format!("{path}&cursor={second}")).await;
    assert!(end.json()["next_cursor"].is_null(), "no page without rows follows");
}

#[tokio::test]
async fn who_does_not_name_the_topic_is_no_contributor() {
    let world = PlantedWorld::new().await;
    let path = format!("/v1/people/{}/evidence", world.api.person(ADA));
    let of = async |community: CommunityId| {
        world.api.get(&format!("{path}?community={community}")).await.data()
    };
    let (plain, mosque) = (of(world.plain).await, of(world.mosque).await);
    let number = |value: &Value| value.as_f64().unwrap();
    let sum = |evidence: &Value| {
        let named = evidence["contributors"].as_array().unwrap().iter();
        named.map(|one| number(&one["brings"])).sum::<f64>()
            + number(&evidence["restart"])
            + number(&evidence["rest"])
    };
    let names = |evidence: &Value| -> Vec<Value> {
        let named = evidence["contributors"].as_array().unwrap().iter();
        named.map(|one| one["person"]["id"].clone()).collect()
    };
    let shown = [ADA, OUTSPOKEN].map(|number| json!(world.api.person(number).to_string()));
    assert_eq!(names(&mosque), shown);
    assert!(names(&plain).len() > 2 && names(&plain).iter().all(Value::is_string));
    for evidence in [&plain, &mosque] {
        assert!((sum(evidence) - number(&evidence["score"])).abs() < 1e-6, "{evidence}");
    }
    assert!(number(&mosque["rest"]) > number(&plain["rest"]));
}

#[tokio::test]
async fn a_bio_that_changes_holds_at_once() {
    let world = PlantedWorld::new().await;
    let (pg, now) = (world.api.database.pg(), world.api.clock.now());
    let shown = async || {
        let path = format!("/v1/communities/{}/people", world.mosque);
        let rows = world.api.get(&path).await.data();
        let ids = rows.as_array().unwrap().iter().map(|row| row["person"]["id"].clone());
        ids.collect::<Vec<_>>()
    };
    let id = |number: usize| json!(world.api.person(number).to_string());
    assert_eq!(shown().await, [id(ADA), id(OUTSPOKEN)]);
    let mut pages = pages();
    pages[ADA].texts.bio = Some("analytical engines".to_owned());
    pages[GRACE].texts.bio = Some("compilers; convert to Islam".to_owned());
    profile::import(pg, Platform::BLUESKY, &pages, now).await.unwrap();
    assert_eq!(shown().await, [id(GRACE), id(OUTSPOKEN)]);
}

#[tokio::test]
async fn a_community_says_what_of_it_is_sensitive() {
    let world = PlantedWorld::new().await;
    for (id, kinds) in [
        (world.plain, json!([])),
        (world.mosque, json!(["faith"])),
        (world.group, json!(["health"])),
    ] {
        let shown = world.api.get(&format!("/v1/communities/{id}")).await.data();
        assert_eq!(shown["sensitive"], kinds);
        // How many belong to it says nothing of one person.
        assert_eq!(shown["members"], 28);
    }
    let ranks = world.api.get(&format!("/v1/people/{}/ranks", world.api.person(OUTSPOKEN))).await;
    let ranks = ranks.data();
    let kinds: Vec<&Value> =
        ranks.as_array().unwrap().iter().map(|row| &row["community"]["sensitive"]).collect();
    assert_eq!(kinds, [&json!([]), &json!([]), &json!(["faith"]), &json!(["health"])]);
    assert_eq!(ranks[0]["community"]["id"], "com_0");
}

#[tokio::test]
async fn a_change_in_a_community_that_no_run_knows_is_not_told() {
    let world = PlantedWorld::new().await;
    let (pg, now) = (world.api.database.pg(), world.api.clock.now());
    let unknown = CommunityId::new(900);
    let run = world.api.world.load(pg, now).await;
    let stood = |rank| RankState { rank: NonZeroU32::new(rank), attention: 0.25 };
    let change = |community| RankChange {
        person: world.api.person(GRACE),
        community,
        run,
        before: stood(0),
        after: stood(2),
        reasons: Vec::new(),
    };
    let changes = ranks(vec![change(unknown), change(world.api.world.rust)]);
    run::publish(pg, run, &changes, now).await.unwrap();
    for _ in 0..600 {
        let text = soon(&world.api, "/v1/changes?limit=1000").await.text;
        if text.contains(&format!("\"{}\"", world.api.world.rust)) {
            assert!(!text.contains(&unknown.to_string()), "{text}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the changes are not in the log");
}

/// What a run changed, if only ranks did.
fn ranks(ranks: Vec<RankChange>) -> RunChanges {
    RunChanges { ranks, ..RunChanges::default() }
}
