//! No statement of the daily work costs more because the database has grown.
//!
//! A tick, a commit, a publication and answers run on records of 20,000 and of 200,000 profiles, under
//! `auto_explain`: whatever they send is compared, without a list of statements. What reads the whole
//! database by design, as a snapshot does, is left out.

use std::time::Duration;

use model::budget::HostLimit;
use model::index::RunPerson;
use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::observation::Observation;
use model::port::{OutgoingMessage, Queue};
use model::profile::GoneReason;
use model::{
    Account, Adjacency, AdjacencyEntry, ChangePosition, CommunityId, Membership, PersonId,
    PersonKind, ProfileId, Scope,
};
use store::Pg;
use store::pg::change;
use store::pg::community::{self, CommunityQuery, WORLD};
use store::pg::crawl::{commit, subjects};
use store::pg::frontier::{self, ProfileTrust, ReservationRequest};
use store::pg::host::{self, TokenRequest};
use store::pg::key::{self, KeyOwner, NewKey};
use store::pg::membership::{self, Order};
use store::pg::publish::{PackedMemberships, RunLoader};
use store::pg::retention::{RetentionPolicy, sweep};
use store::pg::score::{self, PersonScore};
use store::pg::snapshot::{ChangeReader, SnapshotReader};
use store::pg::term::{self, Term};
use store::pg::{adjacency, erase, evidence, identity, person, profile, run};
use store::queue::PgQueue;
use testkit::{Database, Frozen, Reads, database, explained};

use crate::web::{ACT, PLATFORM, at, batch, follows, page, round, stream};

const SMALL: u32 = 20_000;
const LARGE: u32 = SMALL * 10;

/// How many times as many buffers a statement may read in the large database.
const GROWTH_MAX: f64 = 1.5;
/// Buffers that are not growth: a level more of an index or two each time, and of each index that leads
/// to a row.
const SLACK: f64 = 8.0;
const SLACK_A_ROW: f64 = 6.0;

/// Days of the change log.
const DAYS: u32 = 30;

/// The platform's first id, less one.
fn base() -> i64 {
    ProfileId::on(PLATFORM, 0).number() as i64
}

/// `rows` profiles, each with a list, a claim, events and a row in the frontier. The number of hosts grows
/// with them, so that each host has the same number of due profiles.
async fn fill(db: &Database, rows: u32) {
    let client = db.client().await;
    let (platform, hosts, base) = (PLATFORM.number(), rows / 100, base());
    let (now, day) = (at(0).as_second(), at(0).as_second() / 86_400);
    let list: Adjacency =
        (1..20).map(|n| AdjacencyEntry::plain(ProfileId::new((base + n) as u64))).collect();
    let body: String = list.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let all = format!("generate_series(1, {rows}) n");
    let sql = format!(
        "select open_platform({platform}::smallint);
        select open_day(d::int) from generate_series({day} - {DAYS} + 1, {day}) d;
        insert into ident select {platform}, 'did:' || n, {base} + n, n || '.sky.test' from {all};
        update platform_seq set next_seq = {rows} + 1 where platform_id = {platform};
        insert into profile (profile_id, handle, display_name, bio, kind, consent, gone, content_hash)
            select {base} + n, n || '.sky.test', 'Name ' || n, 'Words of ' || n, 0, 0, 0, n from {all};
        insert into identity_claim select {base} + n, 2, 0, 'site' || n from {all};
        insert into person_member select {base} + n, {base} + n - 1 from {all} where n % 50 = 0;
        insert into host (platform_id, name) select {platform}, 'h' || n from generate_series(1, {hosts}) n;
        insert into frontier (profile_id, host_id, due_at, depth_left)
            select {base} + n, 1 + n % {hosts}, {now} - 500000 + n * 7 % 1000000, 0 from {all};
        insert into adjacency (profile_id, layer, direction, complete, hidden, observed_at, n, hash, body)
            select {base} + n, 1, 0, true, false, 0, 19, 0, decode('{body}', 'hex') from {all};
        insert into change_log (day, at_ms, kind, subject)
            select {day} - n % {DAYS}, {now}::bigint * 1000, 2, {base} + n from {all};
        insert into erasure select {base} + n, {now}::bigint * 1000 from {all} where n % 10 = 0;
        insert into queue_message (queue, visible_ms, body) select 'other', n, '{{}}' from {all};
        insert into queue_dead select n, 'other', n, '{{}}' from {all};
        insert into account (name, created_ms) select 'a' || n, 0 from {all};
        insert into api_key (account_id, mac, last_four, realm, scopes, created_ms)
            select account_id, name::bytea, '1234', 1, array['read'], 0 from account"
    );
    client.batch_execute(&sql).await.unwrap();
    served(db.pg(), rows).await;
    client.batch_execute("vacuum (analyze)").await.unwrap();
}

fn people(count: u32) -> Vec<PersonScore> {
    let score = |number: u32| PersonScore {
        person: PersonId::new(base() as u64 + 1 + u64::from(number)),
        kind: PersonKind::from_number(0).unwrap(),
        unlisted: false,
        attention: 1.0,
        score: 1,
        trust: 0.5,
        rank: None,
    };
    (0..count).map(score).collect()
}

fn memberships(first: u32, count: u32) -> Vec<Membership> {
    let membership = |person| Membership {
        person: RunPerson::new(person),
        kind: PersonKind::from_number(0).unwrap(),
        member: true,
        ranked: true,
        low_confidence: false,
        support: 4.0,
        attention: 1.0,
        score: 500,
        insider: 0.0,
        belonging: 1.0,
    };
    (first..first + count).map(membership).collect()
}

/// A served run of `count` people in communities of a hundred.
async fn served(pg: &Pg, count: u32) {
    let id = run::create(pg, None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(pg, id).await.unwrap();
    loader.people(&people(count)).await.unwrap();
    let ids = || (1..=u64::from(count / 100)).map(CommunityId::new);
    let community = |id| model::Community {
        id,
        parent: None,
        level: 0,
        last_level: 0,
        same_as: None,
        members: 100,
        trust: 0.5,
        low_trust: false,
        labels: vec![format!("label{}", id.number())],
        sensitive: model::SensitiveTopics::NONE,
    };
    let communities: Vec<_> = ids().map(|id| (community(id), vec!["word".to_owned()])).collect();
    loader.communities(&communities).await.unwrap();
    for (id, first) in ids().zip((0..).step_by(100)) {
        loader.memberships(PackedMemberships::pack(id, &memberships(first, 100))).await.unwrap();
    }
    let term = |n: u32| Term { term: format!("term{n:07}"), count: 1, body: vec![1] };
    for first in (0..count).step_by(5_000) {
        let terms: Vec<Term> = (first..(first + 5_000).min(count)).map(term).collect();
        loader.terms(&terms).await.unwrap();
    }
    loader.finish(1).await.unwrap();
    run::activate(pg, id, at(0)).await.unwrap();
}

async fn tick(pg: &Pg) -> Vec<ProfileId> {
    let queue = PgQueue::new(pg.clone(), "fetch", 10, Frozen::at(at(0)));
    queue.depth().await.unwrap();
    let due = frontier::due_hosts(pg, at(0), 20).await.unwrap();
    assert_eq!(due.len(), 20);
    let default = HostLimit { requests: 40, window_ms: 10_000 };
    let wants: Vec<TokenRequest> =
        due.iter().map(|one| TokenRequest { host: one.host.id, tokens: 5, default }).collect();
    host::lease(pg, &wants, at(0)).await.unwrap();
    let wants: Vec<_> = due.iter().map(|one| ReservationRequest::new(one.host.id, 5)).collect();
    let claims = frontier::reserve(pg, &wants, at(0), 600).await.unwrap();
    queue.send(&[OutgoingMessage { body: "{}".into(), delay_seconds: 0 }]).await.unwrap();
    for received in queue.receive(10, 60).await.unwrap() {
        queue.release(&received.receipt, 0).await.unwrap();
        queue.finish(&received.receipt).await.unwrap();
    }
    frontier::next_wake(pg).await.unwrap();
    let claimed: Vec<ProfileId> = claims.into_iter().flat_map(|claim| claim.profiles).collect();
    assert_eq!(claimed.len(), 100);
    claimed
}

async fn commit_some(pg: &Pg, claimed: &[ProfileId]) {
    let now = at(1);
    assert_eq!(subjects(pg, claimed, now).await.unwrap().len(), claimed.len());
    let one = |&id: &ProfileId| {
        let mut seen = page("x");
        seen.named.native_id = format!("did:{}", id.number() as i64 - base());
        let others: Vec<String> = (2..22).map(|n| n.to_string()).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).chain(["new"]).collect();
        let streams = vec![
            stream("profile", vec![Observation::Profile(Box::new(seen))]),
            stream("follows", vec![follows(&others)]),
        ];
        round(id, streams)
    };
    let outcome = commit(pg, &batch(now, claimed[..20].iter().map(one).collect())).await.unwrap();
    assert_eq!((outcome.changed_lists, outcome.changed_profiles), (20, 20));
    erase::profile(pg, claimed[20], GoneReason::Deleted, now).await.unwrap();
    frontier::release(pg, &claimed[20..], now).await.unwrap();
}

async fn publish_some(pg: &Pg) {
    let id = run::create(pg, None, at(2)).await.unwrap();
    let mut loader = RunLoader::begin(pg, id).await.unwrap();
    loader.people(&people(100)).await.unwrap();
    loader.memberships(PackedMemberships::pack(WORLD, &memberships(0, 100))).await.unwrap();
    loader.finish(1).await.unwrap();
    run::activate(pg, id, at(3)).await.unwrap();
    let trust: Vec<_> = people(100).iter().map(|one| (one.person.number(), 0.9)).collect();
    let trust: Vec<_> = trust
        .into_iter()
        .map(|(id, trust)| ProfileTrust { profile: ProfileId::new(id), trust })
        .collect();
    frontier::set_trust(pg, &trust).await.unwrap();
    let reader = SnapshotReader::open(pg).await.unwrap();
    reader.nodes(None, 100).await.unwrap();
    reader.words(None, 100).await.unwrap();
    reader.lists(0, None, 100).await.unwrap();
    let mark = reader.high_water();
    drop(reader);
    read_changes(pg, mark).await;
    sweep(pg, at(4), RetentionPolicy::default()).await.unwrap();
}

async fn read_changes(pg: &Pg, since: u64) {
    let changes = ChangeReader::open(pg, since, 100).await.unwrap();
    changes.nodes(None).await.unwrap();
    changes.imported(None).await.unwrap();
    changes.members(None).await.unwrap();
    changes.lists(None).await.unwrap();
    let profile = ProfileId::new(base() as u64 + 100);
    changes.find_new(&[profile]).await.unwrap();
}

async fn answer_some(pg: &Pg) {
    let served = run::active(pg).await.unwrap().unwrap();
    run::get(pg, served).await.unwrap();
    run::list(pg, None, 20).await.unwrap();
    let profile = ProfileId::new(base() as u64 + 100);
    let account = Account::new(PLATFORM, "100.sky.test").unwrap();
    profile::find(pg, &[account]).await.unwrap();
    profile::get(pg, &[profile]).await.unwrap();
    profile::page(pg, None, 50).await.unwrap();
    adjacency::of(pg, profile).await.unwrap();
    identity::among(pg, &[profile]).await.unwrap();
    let persons = person::of_profiles(pg, &[profile]).await.unwrap();
    person::get(pg, &persons).await.unwrap();
    let numbers = score::numbers(pg, served, &persons).await.unwrap();
    let number = numbers[0].unwrap();
    score::get(pg, served, &[number, RunPerson::new(7)]).await.unwrap();
    score::page(pg, served, 0, 50).await.unwrap();
    membership::of_person(pg, served, number).await.unwrap();
    for order in [Order::Attention, Order::Insider] {
        membership::page(pg, served, CommunityId::new(3), order, 10..60).await.unwrap().unwrap();
    }
    evidence::get(pg, served, CommunityId::new(1), number).await.unwrap();
    community::get(pg, served, &[CommunityId::new(3)]).await.unwrap();
    community::page(pg, served, CommunityQuery { limit: 50, ..CommunityQuery::default() })
        .await
        .unwrap();
    term::get(pg, served, &["term0000003"]).await.unwrap();
    term::ranges(pg, served, &[("term00000", "term00001")], 20).await.unwrap();
    change::page(pg, ChangePosition::default(), 50).await.unwrap();
    change::of_subject(pg, profile, None, 50).await.unwrap();
    let secret = ApiSecret::from_random(KeyRealm::Live, &[7; RANDOM_BYTES]).unwrap();
    let new = NewKey::new(KeyOwner::Account("a7"), &secret, &[Scope::RanksRead]);
    key::create(pg, b"pepper", &new, ACT, at(0)).await.unwrap();
    key::find(pg, b"pepper", &secret, at(0)).await.unwrap().unwrap();
}

/// Waits until no transaction of the server is older than what was written until now. Those of other tests hold
/// back what is settled: as long as one lasts, all rows of this database changed since, and the work is another.
async fn settled(db: &Database) {
    let client = db.client().await;
    let now = "select pg_current_xact_id()::text";
    let written: String = client.query_one(now, &[]).await.unwrap().get(0);
    let oldest = format!("select pg_snapshot_xmin(pg_current_snapshot()) > '{written}'::xid8");
    for _ in 0..1_200 {
        if client.query_one(&oldest, &[]).await.unwrap().get(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a transaction of another test lasts for two minutes");
}

/// What all of it read on a database of `count` rows.
async fn reads(rows: u32) -> Reads {
    let db = database().await;
    fill(&db, rows).await;
    settled(&db).await;
    // What was made due while the database was filled is noted.
    frontier::due_hosts(db.pg(), at(0), 20).await.unwrap();
    // Autovacuum would do it: the events that were read leave dead rows.
    db.client().await.batch_execute("vacuum host_wake_event").await.unwrap();
    let explained = explained(&db).await;
    // Answers come first: they are about the large run.
    answer_some(&explained.pg).await;
    let claimed = tick(&explained.pg).await;
    commit_some(&explained.pg, &claimed).await;
    publish_some(&explained.pg).await;
    explained.take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_ten_times_as_large_costs_no_more_for_the_same_answer() {
    let (small, large) = (reads(SMALL).await, reads(LARGE).await);
    assert!(small.len() > 50, "only {} statements were seen", small.len());
    let mut grown = Vec::new();
    for (sql, before) in &small {
        let Some(after) = large.get(sql) else { continue };
        assert_eq!(before.times, after.times, "it is not the same work: {sql}");
        // Reads of what changed have more rows where other tests' transactions hold the mark back.
        let rows = before.rows.max(after.rows);
        let slack = SLACK * before.times as f64 + SLACK_A_ROW * rows as f64;
        if after.buffers as f64 > GROWTH_MAX * before.buffers as f64 + slack {
            grown.push(format!("{before:?} → {after:?}: {sql}"));
        }
    }
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}
