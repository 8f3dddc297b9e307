//! A small world behind the API: people with telling names, one run, a key for everything.
//!
//! Numbers of the run, by trust: 0 Ada (two joined profiles), 1 Grace, 2 the organisation ACME,
//! 3 the unlisted Hermit, 4 a bot, 5 and up the Alans. Grace has a second profile that is not listed,
//! and Ada's second one was crawled: it follows that one and a profile that was never read.

use std::sync::Arc;

use ::search::Folding;
use api_gateway::{Gateway, GatewaySecrets, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use model::identity::Claim;
use model::index::RunPerson;
use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList, SeenProfile};
use model::port::Clock as _;
use model::profile_text::ProfileTexts;
use model::time::{Day, Timestamp};
use model::{
    Adjacency, AdjacencyEntry, Community, CommunityId, Consent, Direction, KeyId, Layer,
    Membership, PersonId, PersonKind, Platform, ProfileId, RunId, Scope,
};
use serde_json::Value;
use std::num::NonZeroU32;
use store::Pg;
use store::pg::audit::AuditAction;
use store::pg::community::WORLD;
use store::pg::crawl::{
    CrawlBatch, CrawledProfile, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd, commit,
};
use store::pg::evidence::{EvidenceEdge, EvidencePacker, EvidenceSource, PackedEvidence};
use store::pg::frontier::{self, CrawlSeeds, ReservationRequest};
use store::pg::key::{self, NewKey};
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::score::PersonScore;
use store::pg::term::Term;
use store::pg::{account_key, adjacency, community, person, profile, run};
use testkit::{Database, Frozen, database};
use tower::ServiceExt as _;

/// How many Alans there are: enough to fill several pages.
pub(crate) const ALANS: u32 = 23;

/// How the words of runs are folded.
const FOLDING: Folding = Folding::NEWEST;

/// Who does what tests do.
pub(crate) const ACT: AuditAction<'_> = AuditAction { actor: "local:0", action: "test" };
const PEPPER: &[u8] = b"the pepper of the tests";

/// The API over the small world.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) database: Database,
    /// The connection of the API.
    pub(crate) answering: Pg,
    pub(crate) clock: Frozen,
    pub(crate) key: String,
    pub(crate) key_id: KeyId,
    pub(crate) world: World,
}

/// What is in it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) run: RunId,
    pub(crate) rust: CommunityId,
    pub(crate) art: CommunityId,
    /// The profiles in the order of the run's numbers.
    pub(crate) profiles: Vec<ProfileId>,
    /// Ada's second profile.
    pub(crate) ada_too: ProfileId,
    /// Grace's second one, which is not listed.
    pub(crate) grace_too: ProfileId,
    /// A profile on a platform of opt-in that a crawl met and did not read.
    pub(crate) unread: ProfileId,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The entry `data` of an answer that must be one.
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["data"].clone()
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }
}

impl Api {
    /// A new database with the world in it.
    pub(crate) async fn new() -> Api {
        let (database, clock) = (database().await, Frozen::default());
        let pg = database.pg().clone();
        let world = World::build(&pg, clock.now()).await;
        let secrets = GatewaySecrets {
            pepper: PEPPER.to_vec(),
            cursors: b"the cursors of the tests".to_vec(),
            instance: [7; 16],
        };
        // One connection: a request never waits for a second one while it holds the first.
        let answering = Pg::connect_for_answers(database.url(), 1).await.expect("a pool opens");
        let gateway = Gateway::new(answering.clone(), Arc::new(clock.clone()), secrets);
        let router = router(gateway);
        let key_id = KeyId::new(0);
        let mut api = Api { router, database, answering, clock, key: String::new(), key_id, world };
        (api.key, api.key_id) = api.new_key("tester", &Scope::READING, 1).await;
        api
    }

    /// A further key; `seed` tells it from others.
    pub(crate) async fn new_key(
        &self,
        account: &str,
        scopes: &[Scope],
        seed: u8,
    ) -> (String, KeyId) {
        let secret = secret(seed);
        let (pg, now) = (self.database.pg(), self.clock.now());
        let new = NewKey { account, secret: &secret, scopes };
        let id = key::create(pg, PEPPER, &new, ACT, now).await;
        (secret.reveal().to_owned(), id.expect("the key is new"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.send(self.request("POST", path), Body::from(body.to_owned())).await
    }

    /// A request with the key of this API; change it as the test needs.
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let bearer = format!("Bearer {}", self.key);
        Request::builder().method(method).uri(path).header("authorization", bearer)
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Body) -> Reply {
        let request = request.body(body).expect("the request is well formed");
        let response = self.router.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 26).await.expect("the body is in memory");
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// The person with this number in the run.
    pub(crate) fn person(&self, number: usize) -> PersonId {
        self.world.profiles[number].home_person()
    }

    /// Follows `next_cursor` to the end; the data of all pages.
    pub(crate) async fn walk(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..1000 {
            let reply = self.get(&next).await;
            all.extend(reply.data().as_array().expect("pages are lists").clone());
            let Some(cursor) = reply.json()["next_cursor"].as_str().map(str::to_owned) else {
                return all;
            };
            next = format!("{path}&cursor={cursor}");
        }
        panic!("the walk of {path} does not end");
    }
}

/// A secret that differs by its seed.
pub(crate) fn secret(seed: u8) -> ApiSecret {
    ApiSecret::from_random(KeyRealm::Live, &[seed; RANDOM_BYTES]).expect("small bytes are fair")
}

fn seen(handle: &str, name: &str, bio: &str) -> SeenProfile {
    SeenProfile {
        named: NamedProfile {
            native_id: format!("did:plc:{handle}"),
            handle: Some(handle.to_owned()),
            host: None,
        },
        texts: ProfileTexts {
            display_name: Some(name.to_owned()),
            bio: Some(bio.to_owned()),
            ..ProfileTexts::default()
        },
        ..SeenProfile::default()
    }
}

/// The profiles on Bluesky, in the order of the run's numbers.
pub(crate) fn bluesky() -> Vec<SeenProfile> {
    let target = "https://example.org/users/ada".to_owned();
    let claim = Claim::Account { platform: Platform::FEDIVERSE, target };
    let mut all = vec![
        SeenProfile {
            claims: vec![claim],
            followers: Some(500),
            ..seen("ada.example.org", "Ada Lovelace", "analytical engines")
        },
        SeenProfile {
            claims: vec![Claim::Account {
                platform: Platform::FEDIVERSE,
                target: on_fediverse("phantom").native_id,
            }],
            ..seen("grace.example.org", "Grace Hopper", "compilers and engines")
        },
        SeenProfile {
            kind: PersonKind::Organisation,
            ..seen("acme.example.com", "ACME", "everything, also compilers")
        },
        SeenProfile {
            consent: Consent::UNLISTED,
            ..seen("hermit.example.org", "Hermit", "secret compilers")
        },
        SeenProfile { kind: PersonKind::Bot, ..seen("bot.example.org", "Bot", "beep") },
    ];
    all.extend((0..ALANS).map(|n| seen(&format!("alan{n}.example.org"), "Alan", "machines")));
    all
}

/// An account on a platform of opt-in.
fn on_fediverse(name: &str) -> NamedProfile {
    NamedProfile {
        native_id: format!("https://hidden.example/users/{name}"),
        handle: Some(format!("{name}@hidden.example")),
        host: Some("hidden.example".to_owned()),
    }
}

/// Grace's second profile: each names the other.
fn grace_too() -> SeenProfile {
    let claim = Claim::Account {
        platform: Platform::BLUESKY,
        target: "did:plc:grace.example.org".to_owned(),
    };
    SeenProfile {
        named: on_fediverse("phantom"),
        consent: Consent::UNLISTED,
        claims: vec![claim],
        followers: Some(9_000),
        kind: PersonKind::Bot,
        ..seen("phantom", "Phantom", "ectoplasm")
    }
}

pub(crate) fn ada_too() -> SeenProfile {
    let claim = Claim::Account {
        platform: Platform::BLUESKY,
        target: "did:plc:ada.example.org".to_owned(),
    };
    SeenProfile {
        named: NamedProfile {
            native_id: "https://example.org/users/ada".to_owned(),
            handle: Some("ada@example.org".to_owned()),
            host: Some("example.org".to_owned()),
        },
        consent: Consent::WORDS_PRIVATE,
        claims: vec![claim],
        ..seen("ada", "Ada", "poetical science")
    }
}

impl World {
    async fn build(pg: &Pg, now: Timestamp) -> World {
        let pages = bluesky();
        let profiles = import(pg, Platform::BLUESKY, &pages, now).await;
        let ada_too = crawl(pg, now).await;
        let grace_too = import(pg, Platform::FEDIVERSE, &[grace_too()], now).await[0];
        let unread = account_key::resolve(pg, Platform::FEDIVERSE, &[on_fediverse("wraith")]).await;
        let unread = unread.expect("names resolve")[0];
        let joined = [vec![profiles[0], ada_too], vec![profiles[1], grace_too]];
        person::save_groups(pg, &joined, now).await.expect("groups are disjoint");
        let arcs: Adjacency =
            profiles[1..].iter().map(|&other| AdjacencyEntry::plain(other)).collect();
        let lists = [(profiles[0], arcs)];
        let mode = adjacency::ImportMode::Replace;
        adjacency::import(pg, Layer::Follow, &lists, mode, now).await.expect("lists import");
        let minted = community::mint(pg, 2).await.expect("ids are minted");
        let (rust, art) = (minted[0], minted[1]);
        let run = RunId::new(0);
        let mut world = World { run, rust, art, profiles, ada_too, grace_too, unread };
        world.run = world.publish(pg, &pages, now).await;
        world
    }

    /// Loads one more run like the first, and serves it.
    pub(crate) async fn publish(&self, pg: &Pg, pages: &[SeenProfile], now: Timestamp) -> RunId {
        let run = self.load_pages(pg, pages, now).await;
        run::activate(pg, run, now).await.expect("the run is served");
        run
    }

    /// Loads one more run of the same people, and does not serve it yet.
    pub(crate) async fn load(&self, pg: &Pg, now: Timestamp) -> RunId {
        self.load_pages(pg, &bluesky(), now).await
    }

    async fn load_pages(&self, pg: &Pg, pages: &[SeenProfile], now: Timestamp) -> RunId {
        self.load_terms(pg, (&terms(pages), FOLDING.number()), now).await
    }

    /// Loads one more run of the same people with another search index, folded by this version.
    pub(crate) async fn load_terms(
        &self,
        pg: &Pg,
        (terms, folding): (&[Term], u8),
        now: Timestamp,
    ) -> RunId {
        let run = run::create(pg, None, now).await.expect("a run is created");
        let mut loader = RunLoader::begin(pg, run).await.expect("the loader begins");
        loader.people(&self.scores()).await.expect("people load");
        loader.communities(&self.communities()).await.expect("communities load");
        for community in [WORLD, self.rust, self.art] {
            loader
                .memberships(PackedMemberships::pack(community, &self.memberships()))
                .await
                .expect("memberships load");
        }
        loader.evidence(self.rust, evidence(&self.memberships())).await.expect("evidence loads");
        loader.terms(terms).await.expect("terms load");
        loader.finish(folding).await.expect("the run is attached");
        run
    }

    /// One more run of the same people.
    pub(crate) async fn publish_again(&self, pg: &Pg, now: Timestamp) -> RunId {
        self.publish(pg, &bluesky(), now).await
    }

    fn scores(&self) -> Vec<PersonScore> {
        let pages = bluesky();
        let score = |(number, (id, page)): (u32, (&ProfileId, &SeenProfile))| PersonScore {
            person: id.home_person(),
            kind: page.kind,
            unlisted: page.consent.has(Consent::UNLISTED),
            attention: 0.5 / f32::from(number as u16 + 1),
            score: 1000 - number as u16,
            trust: 0.25 / f32::from(number as u16 + 1),
            rank: NonZeroU32::new(number + 1).filter(|_| number != 3),
        };
        (0..).zip(self.profiles.iter().zip(&pages)).map(score).collect()
    }

    fn communities(&self) -> Vec<(Community, Vec<String>)> {
        let community = |id, parent, level, members, low_trust, label: &str| Community {
            id,
            parent,
            level,
            members,
            trust: 0.5,
            low_trust,
            labels: vec![label.to_owned(), "people".to_owned()],
        };
        let all = vec![
            community(self.rust, None, 0, 20, false, "Rust"),
            community(self.art, Some(self.rust), 1, 8, true, "art"),
        ];
        let indexed = |label: &String| ::search::words::indexed(FOLDING, label, 9);
        let worded = |one: Community| {
            let words = one.labels.iter().flat_map(indexed).collect();
            (one, words)
        };
        all.into_iter().map(worded).collect()
    }

    /// By falling attention; the insider score rises, so the two orders differ.
    fn memberships(&self) -> Vec<Membership> {
        let membership = |score: PersonScore, number: u32| Membership {
            person: RunPerson::new(number),
            kind: score.kind,
            member: number < 20,
            ranked: score.rank.is_some() && number < 20,
            low_confidence: number > 10,
            support: if number > 10 { 2.0 } else { 32.0 },
            attention: score.attention,
            score: score.score,
            insider: f32::from(number as u16) / 100.0,
            belonging: if number < 20 { 0.5 } else { 0.0 },
        };
        self.scores()
            .into_iter()
            .zip(0..)
            .map(|(score, number)| membership(score, number))
            .collect()
    }
}

/// Crawls Ada's second profile, which follows two who are not listed.
async fn crawl(pg: &Pg, now: Timestamp) -> ProfileId {
    let (platform, page, default_host) = (Platform::FEDIVERSE, ada_too(), "example.org");
    let names = std::slice::from_ref(&page.named);
    let seeds = CrawlSeeds { platform, names, default_host, depth: 1 };
    let id = frontier::seed(pg, seeds, now).await.expect("a seed is taken")[0];
    let hosts = frontier::due_hosts(pg, now, 9).await.expect("hosts are read");
    let wants: Vec<_> = hosts.iter().map(|due| ReservationRequest::new(due.host.id, 9)).collect();
    frontier::reserve(pg, &wants, now, 600).await.expect("it is claimed");
    let arc = |name| SeenArc { other: on_fediverse(name), count: 0, last_day: Day(0), weight: 1.0 };
    let list = SeenList {
        layer: Layer::Follow,
        direction: Direction::Out,
        arcs: ["phantom", "wraith"].map(arc).to_vec(),
        coverage: ListCoverage::Complete,
    };
    let stream = CrawledStream {
        stream: "all".to_owned(),
        began: StreamCheckpoint::default(),
        observations: vec![Observation::Profile(Box::new(page.clone())), Observation::List(list)],
        end: StreamEnd::Done,
    };
    let profiles = vec![CrawledProfile { id, streams: vec![stream], end: RoundEnd::Done }];
    let default_host = default_host.to_owned();
    let batch = CrawlBatch { platform, default_host, now, profiles };
    commit(pg, &batch).await.expect("the batch is committed");
    id
}

/// Ada's attention in the community Rust: Grace and the hermit bring it.
fn evidence(memberships: &[Membership]) -> PackedEvidence {
    let source =
        |person, attention| EvidenceSource { person: RunPerson::new(person), attention, unit: 0.5 };
    let sources = [source(1, 0.5), source(3, 0.2)];
    let mut packer = EvidencePacker::new(0.85, &sources);
    let mut edges = [0, 1].map(|source| EvidenceEdge { source, weight: 1.0 });
    packer.add(memberships[0].attention, 0.1, &mut edges);
    packer.finish()
}

fn terms(pages: &[SeenProfile]) -> Vec<Term> {
    let mut builder = ::search::IndexBuilder::new(FOLDING);
    let seconds = [Some(ada_too()), Some(grace_too())];
    for (number, page) in (0..).zip(pages) {
        let second = seconds.get(number as usize).and_then(Option::as_ref);
        let words: Vec<_> = [Some(page), second].into_iter().flatten().map(words).collect();
        builder.add(number, &words).expect("numbers ascend");
    }
    let rows = builder.finish().into_iter();
    rows.map(|row| Term { term: row.key, count: row.count, body: row.body }).collect()
}

fn words(page: &SeenProfile) -> ::search::PublicWords<'_> {
    ::search::PublicWords {
        handle: page.named.handle.as_deref(),
        display_name: page.texts.display_name.as_deref(),
        bio: page.texts.bio.as_deref(),
        consent: page.consent,
    }
}

async fn import(
    pg: &Pg,
    platform: Platform,
    pages: &[SeenProfile],
    now: Timestamp,
) -> Vec<ProfileId> {
    profile::import(pg, platform, pages, now).await.expect("profiles import");
    let names: Vec<NamedProfile> = pages.iter().map(|page| page.named.clone()).collect();
    account_key::resolve(pg, platform, &names).await.expect("names resolve")
}
