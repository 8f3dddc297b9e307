//! Proof that a reader of the change stream misses nothing, gets nothing twice in effect, and pays once: writers write
//! while readers lose answers, change their filters, and gateways are replaced.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use model::change::{MembershipChange, RunChanges};
use model::port::Clock as _;
use model::profile::GoneReason;
use model::rank_change::{RankChange, RankState};
use model::time::Timestamp;
use model::{ChangePosition, CommunityId, MicroCredits, PersonId, Platform, ProfileId};
use serde_json::Value;
use store::Pg;
use store::pg::{change, erase, profile, run};
use tower::ServiceExt as _;

use crate::world::{Api, World, bluesky};

/// A random number that is the same in every run of a test.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A page that arrived, with the request that it answered.
#[derive(Debug, Clone, PartialEq)]
struct Arrived {
    path: String,
    events: Vec<Value>,
    from: u64,
    to: u64,
    next: String,
    cost: MicroCredits,
}

/// A client with a key. It keeps its place and folds what arrives into a state.
struct Reader {
    key: String,
    dice: Dice,
    cursor: Option<String>,
    pages: Vec<Arrived>,
    lost: usize,
}

impl Reader {
    fn new(key: &str, seed: u64) -> Reader {
        Reader { key: key.to_owned(), dice: Dice(seed), cursor: None, pages: Vec::new(), lost: 0 }
    }

    /// Asks until the answer arrives whole; clients that are cut ask again for the same.
    async fn read(&mut self, gateways: &[Router], path: &str) -> Arrived {
        // Ten replays of a page are free, and each page is read twice.
        const CUT_MAX: u32 = 4;
        for tried in 0.. {
            let is_cut = tried < CUT_MAX;
            let gateway = &gateways[self.dice.roll(gateways.len() as u64) as usize];
            let request =
                Request::get(path).header("authorization", format!("Bearer {}", self.key));
            let answer = gateway.clone().oneshot(request.body(Body::empty()).unwrap());
            let roll = self.dice.roll(9);
            let patience = if is_cut { Duration::from_micros(200 << roll) } else { Duration::MAX };
            let Ok(answer) = tokio::time::timeout(patience, answer).await else {
                self.lost += 1;
                continue;
            };
            let (parts, body) = answer.unwrap().into_parts();
            let body = to_bytes(body, 1 << 26).await.unwrap();
            // A crash or a cut line after the charge, before the client has anything.
            if self.dice.roll(4) == 0 && is_cut {
                self.lost += 1;
                continue;
            }
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(parts.status.as_u16(), 200, "{path}: {json}");
            return Arrived {
                path: path.to_owned(),
                events: json["data"].as_array().unwrap().clone(),
                from: json["range"]["from"].as_u64().unwrap(),
                to: json["range"]["to"].as_u64().unwrap(),
                next: json["next_cursor"].as_str().unwrap().to_owned(),
                cost: parts.headers["borg-cost"].to_str().unwrap().parse().unwrap(),
            };
        }
        unreachable!("a client that is not cut gets its answer")
    }

    /// Reads the next page with a filter; whether it was empty.
    async fn step(&mut self, gateways: &[Router], filter: &str) -> bool {
        let limit = 1 + self.dice.roll(7);
        let cursor = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}"));
        let path = format!("/v1/changes?limit={limit}{filter}{}", cursor.unwrap_or_default());
        let page = self.read(gateways, &path).await;
        self.cursor = Some(page.next.clone());
        let is_empty = page.events.is_empty() && page.from == page.to;
        self.pages.push(page);
        is_empty
    }

    /// The pages follow each other without a gap.
    fn check_ranges(&self) {
        assert_eq!(self.pages[0].from, 0);
        for pair in self.pages.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
        }
        for page in &self.pages {
            let seqs: Vec<u64> =
                page.events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
            assert!(seqs.iter().all(|&seq| page.from < seq && seq <= page.to), "{page:?}");
            assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{page:?}");
        }
    }
}

/// What a client knows who follows the stream: effects of events, each applied as often as it comes.
#[derive(Debug, Default, PartialEq)]
struct State {
    main: BTreeMap<String, String>,
    ranks: BTreeMap<String, u64>,
    gone: BTreeSet<String>,
    bios: BTreeSet<String>,
}

impl State {
    fn apply(&mut self, event: &Value) {
        let change = &event["change"];
        let text = |name: &str| change[name].as_str().map(str::to_owned);
        match change["type"].as_str().unwrap() {
            "membership" => match text("after") {
                Some(after) => drop(self.main.insert(text("person").unwrap(), after)),
                None => drop(self.main.remove(&text("person").unwrap())),
            },
            "rank_changed" => match change["rank_after"].as_u64() {
                Some(rank) => drop(self.ranks.insert(text("person").unwrap(), rank)),
                None => drop(self.ranks.remove(&text("person").unwrap())),
            },
            "gone" => {
                let profile = event["profile"].as_str().unwrap().to_owned();
                let person: ProfileId = profile.parse().unwrap();
                let person = person.home_person().to_string();
                self.main.remove(&person);
                self.ranks.remove(&person);
                self.bios.remove(&profile);
                self.gone.insert(profile);
            }
            "profile" => drop(self.bios.insert(event["profile"].as_str().unwrap().to_owned())),
            _ => {}
        }
    }
}

/// What the writers know.
#[derive(Debug, Default)]
struct Written {
    main: HashMap<PersonId, CommunityId>,
    ranks: HashMap<PersonId, u32>,
    gone: BTreeSet<ProfileId>,
    bios: BTreeSet<ProfileId>,
}

/// Publishes runs that move people about.
async fn publish(pg: Pg, world: World, now: Timestamp, ids: Vec<PersonId>) -> Written {
    let (mut dice, mut written) = (Dice(7), Written::default());
    for _ in 0..6 {
        let run = world.load(&pg, now).await;
        let mut changes = RunChanges::default();
        for &person in &ids {
            let after = [world.rust, world.art][dice.roll(2) as usize];
            let before = written.main.insert(person, after);
            if before != Some(after) {
                let after = Some(after);
                changes.memberships.push(MembershipChange { person, run, before, after });
            }
            let rank = 1 + dice.roll(50) as u32;
            let state = |rank| RankState { rank: std::num::NonZeroU32::new(rank), attention: 0.5 };
            let before = state(written.ranks.insert(person, rank).unwrap_or(0));
            let (community, after, reasons) = (world.rust, state(rank), Vec::new());
            changes.ranks.push(RankChange { person, community, run, before, after, reasons });
        }
        run::publish(&pg, run, &changes, now).await.unwrap();
        tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
    }
    written
}

/// Rewrites the bios of some, and erases others.
async fn rewrite(pg: Pg, ids: Vec<ProfileId>, now: Timestamp) -> Written {
    let mut written = Written::default();
    for round in 0..12_usize {
        let mut page = bluesky().swap_remove(10 + round);
        page.texts.bio = Some(format!("bio {round}"));
        profile::import(&pg, Platform::BLUESKY, &[page], now).await.unwrap();
        written.bios.insert(ids[10 + round]);
        if round % 3 == 0 {
            let gone = ids[10 + round];
            erase::profile(&pg, gone, GoneReason::Deleted, now).await.unwrap();
            written.gone.insert(gone);
        }
        tokio::time::sleep(Duration::from_millis(round as u64 % 7)).await;
    }
    written
}

/// Writes while readers read; what was written.
async fn write(api: &Api, is_done: &AtomicBool) -> Written {
    let (pg, now) = (api.database.pg().clone(), api.clock.now());
    let profiles = api.world.profiles.clone();
    let people = profiles[4..].iter().map(|id| id.home_person()).collect();
    let (mut written, pages) = tokio::join!(
        publish(pg.clone(), api.world.clone(), now, people),
        rewrite(pg, profiles, now)
    );
    (written.gone, written.bios) = (pages.gone, pages.bios);
    is_done.store(true, Ordering::SeqCst);
    written
}

fn gateways(api: &Api) -> Vec<Router> {
    vec![api.router.clone(), api.beside(&api.clock), api.beside(&api.clock)]
}

/// Follows until all is written and read.
async fn follow(api: &Api, mut reader: Reader, filters: &[String], is_done: &AtomicBool) -> Reader {
    let mut gateways = gateways(api);
    loop {
        let was_done = is_done.load(Ordering::SeqCst);
        let filter = &filters[reader.dice.roll(filters.len() as u64) as usize];
        let is_empty = reader.step(&gateways, filter).await;
        let head = change::sequence(api.database.pg()).await.unwrap().head;
        let at = ChangePosition::new(reader.pages.last().map_or(0, |page| page.to));
        if is_empty && was_done && at == head {
            return reader;
        }
        if reader.dice.roll(10) == 0 {
            // A gateway dies with all that it remembers, another one takes its place.
            let dies = reader.dice.roll(3) as usize;
            gateways[dies] = api.beside(&api.clock);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_of_the_stream_is_the_state_that_was_written_and_costs_once() {
    let api = Arc::new(Api::new().await);
    let is_done = Arc::new(AtomicBool::new(false));
    let before = api.available("tester").await;
    let whole = tokio::spawn({
        let (api, is_done) = (Arc::clone(&api), Arc::clone(&is_done));
        async move { follow(&api, Reader::new(&api.key, 1), &[String::new()], &is_done).await }
    });
    let written = write(&api, &is_done).await;
    let mut reader = whole.await.unwrap();
    reader.check_ranges();
    let mut state = State::default();
    for (at, page) in reader.pages.iter().enumerate() {
        page.events.iter().for_each(|event| state.apply(event));
        // Redelivery of any page leaves the same state, as long as those after it follow.
        if at % 3 == 0 {
            page.events.iter().for_each(|event| state.apply(event));
        }
    }
    assert_eq!(state, expected(&written));
    let paid = before.checked_sub(api.available("tester").await).unwrap();
    // An answer that was lost may have had events of those who were erased before it was read again.
    let more = paid.checked_sub(price(&reader.pages)).expect("what was read is paid");
    let most = if reader.lost == 0 { MicroCredits::ZERO } else { "0.04".parse().unwrap() };
    assert!(more <= most, "{more}: each page once, however often its answer was lost");
    let (pages, lost) = (reader.pages.clone(), reader.lost);
    let gateways = gateways(&api);
    // Pages that were empty may have grown: nothing was paid for them.
    for page in pages.iter().filter(|page| !page.events.is_empty()) {
        let again = reader.read(&gateways, &page.path).await;
        assert_eq!((again.from, again.to, again.cost), (page.from, page.to, MicroCredits::ZERO));
        // Of who is gone by now nothing else is shown any more.
        let is_left = |event: &&Value| again.events.contains(event) || !is_of(event, &written.gone);
        let left: Vec<&Value> = page.events.iter().filter(is_left).collect();
        assert_eq!(again.events.iter().collect::<Vec<_>>(), left);
    }
    assert_eq!(before.checked_sub(api.available("tester").await).unwrap(), paid);
    let events: usize = pages.iter().map(|page| page.events.len()).sum();
    println!(
        "{events} events in {} pages, {lost} answers lost, 0 gaps, paid once: {paid}",
        pages.len()
    );
    assert!(lost > 10 && events > 100, "{lost} of {events}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_that_change_from_page_to_page_lose_nothing() {
    let api = Arc::new(Api::new().await);
    let is_done = Arc::new(AtomicBool::new(false));
    let filters: Vec<String> = [
        String::new(),
        "&kind=membership".to_owned(),
        "&kind=rank_changed,gone&min_rank_delta=20".to_owned(),
        format!("&community={}", api.world.art),
        format!("&person={}&kind=membership,profile", api.person(12)),
        "&kind=lineage".to_owned(),
    ]
    .into();
    let flips = tokio::spawn({
        let (api, is_done, filters) = (Arc::clone(&api), Arc::clone(&is_done), filters.clone());
        async move { follow(&api, Reader::new(&api.key, 2), &filters, &is_done).await }
    });
    write(&api, &is_done).await;
    let reader = flips.await.unwrap();
    reader.check_ranges();
    // The truth is all that is kept when all is quiet, filtered by this test's own rules.
    let whole = everything(&api).await;
    for page in &reader.pages {
        let limit = page.path.find('&').unwrap_or(page.path.len());
        let filter = page.path[limit..].split("&cursor=").next().unwrap();
        let number = filters.iter().position(|one| one == filter).unwrap();
        let in_range = |event: &&Value| {
            let seq = event["seq"].as_u64().unwrap();
            page.from < seq && seq <= page.to && is_wanted(&api, number, event)
        };
        let truth: Vec<&Value> = whole.iter().filter(in_range).collect();
        let gone = |event: &Value| event["change"]["type"] == "gone";
        // Of who is gone by now nothing else is shown any more.
        let seen: Vec<&Value> =
            page.events.iter().filter(|event| gone(event) || truth.contains(event)).collect();
        assert_eq!(seen, truth, "{}", page.path);
    }
    let kinds: usize = reader.pages.iter().map(|page| page.events.len()).sum();
    println!("{kinds} events in {} pages, {} answers lost", reader.pages.len(), reader.lost);
    // How many there are depends on how fast the writers were.
    assert!(reader.pages.len() > 3 && kinds > 3);
}

/// All events that are kept, as they are shown now.
async fn everything(api: &Api) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/changes?limit=1000{cursor}")).await.json();
        let new = page["data"].as_array().unwrap();
        if new.is_empty() {
            return events;
        }
        events.extend(new.iter().cloned());
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
    }
}

/// Whether the filter with this number in the list above wants an event.
fn is_wanted(api: &Api, filter: usize, event: &Value) -> bool {
    let change = &event["change"];
    let kind = change["type"].as_str().unwrap();
    let moved = || {
        let ranks = [&change["rank_before"], &change["rank_after"]].map(Value::as_u64);
        matches!(ranks, [Some(one), Some(other)] if one.abs_diff(other) < 20)
    };
    let names = |name: &str, id: &str| change[name] == *id;
    match filter {
        0 => true,
        1 => kind == "membership",
        2 => kind == "gone" || (kind == "rank_changed" && !moved()),
        3 => {
            let art = api.world.art.to_string();
            kind == "gone"
                || ["community", "before", "after", "other"].iter().any(|name| names(name, &art))
        }
        4 => {
            let is_his = names("person", &api.person(12).to_string())
                || event["profile"] == api.world.profiles[12].to_string();
            is_his && ["membership", "profile"].contains(&kind)
        }
        _ => kind == "lineage",
    }
}

/// Whether an event is about one of these.
fn is_of(event: &Value, profiles: &BTreeSet<ProfileId>) -> bool {
    profiles.iter().any(|id| event["profile"] == id.to_string())
}

fn expected(written: &Written) -> State {
    let is_left =
        |person: &PersonId| !written.gone.iter().any(|gone| gone.home_person() == *person);
    State {
        main: written
            .main
            .iter()
            .filter(|(person, _)| is_left(person))
            .map(|(person, community)| (person.to_string(), community.to_string()))
            .collect(),
        ranks: written
            .ranks
            .iter()
            .filter(|(person, _)| is_left(person))
            .map(|(person, rank)| (person.to_string(), u64::from(*rank)))
            .collect(),
        gone: written.gone.iter().map(ToString::to_string).collect(),
        bios: written
            .bios
            .iter()
            .filter(|id| !written.gone.contains(id))
            .map(ToString::to_string)
            .collect(),
    }
}

/// What pages cost: a call and their events.
fn price(pages: &[Arrived]) -> MicroCredits {
    let credits = |text: &str| text.parse::<MicroCredits>().unwrap();
    pages.iter().filter(|page| !page.events.is_empty()).fold(MicroCredits::ZERO, |sum, page| {
        let events = credits("0.01").checked_mul(page.events.len() as i64).unwrap();
        sum.checked_add(credits("0.05")).and_then(|sum| sum.checked_add(events)).unwrap()
    })
}
