//! Webhooks: what is found for them, and what is sent once.

use model::change::ChangeRange;
use model::message::DeliverJob;
use model::time::Timestamp;
use model::webhook::{
    ATTEMPTS_MAX, AttemptEnd, Delivery, DeliveryContent, DeliveryState, DisabledWhy,
    FAILING_SECONDS_MAX, OVERLAP_SECONDS, WEBHOOKS_MAX,
};
use model::{
    ChangeFilter, ChangeKind, ChangePosition, DeliveryId, PayerId, Webhook, WebhookName, WebhookUrl,
};
use store::StoreError;
use store::pg::key;
use store::pg::webhook::attempt::{self, AttemptStart, AttemptVerdict, BegunAttempt, EndedAttempt};
use store::pg::webhook::delivery::{self, ASKED_SECONDS, DeliveryPage};
use store::pg::webhook::due::{self, FoundChanges, TakenWebhook};
use store::pg::webhook::{self, NewWebhook, PutWebhook, WebhookKey};
use testkit::{Database, database};

use crate::web::at;

const HEAD: ChangePosition = ChangePosition::new(100);
const URL: &str = "https://hooks.example.org/";
const GONE: AttemptVerdict = AttemptVerdict::Disabled(DisabledWhy::Gone);

fn name(text: &str) -> WebhookName {
    text.parse().unwrap()
}

fn place(number: u64) -> ChangePosition {
    ChangePosition::new(number)
}

/// A database with one account and its webhook `news`, which begins at 5.
struct World {
    db: Database,
    payer: PayerId,
    news: WebhookName,
}

impl World {
    async fn new() -> World {
        let db = database().await;
        let payer = key::payer(db.pg(), "holder", at(0)).await.unwrap();
        let world = World { db, payer, news: name("news") };
        assert!(world.put("news", b"first", at(0)).await.unwrap().is_new);
        world
    }

    fn key(&self) -> WebhookKey<'_> {
        WebhookKey { payer: self.payer, name: &self.news }
    }

    async fn put(
        &self,
        text: &str,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<PutWebhook, StoreError> {
        self.put_at(text, URL, secret, now).await
    }

    async fn put_at(
        &self,
        text: &str,
        url: &str,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<PutWebhook, StoreError> {
        let url = WebhookUrl::parse(url, &[]).unwrap();
        let filter = ChangeFilter { kinds: [ChangeKind::Gone].into(), ..ChangeFilter::default() };
        let new = NewWebhook { url: &url, filter: &filter, position: place(5), secret };
        let key = WebhookKey { payer: self.payer, name: &name(text) };
        webhook::put(self.db.pg(), key, &new, now).await
    }

    async fn take(&self, now: Timestamp) -> Vec<TakenWebhook> {
        due::take(self.db.pg(), HEAD, now).await.unwrap()
    }

    async fn announce(&self, webhook: &TakenWebhook, to: u64) -> Option<DeliveryId> {
        let range = ChangeRange { from: webhook.announced, to: place(to) };
        let found = FoundChanges { range, events: 2, body: "{}" };
        due::announce(self.db.pg(), webhook, &found, at(0)).await.unwrap()
    }

    /// A delivery up to a position, due at once.
    async fn made(&self, to: u64, now: Timestamp) -> DeliveryId {
        let taken = self.take(now).await;
        self.announce(&taken[0], to).await.unwrap()
    }

    async fn waking(&self, now: Timestamp) -> Vec<DeliverJob> {
        due::waking(self.db.pg(), now).await.unwrap()
    }

    async fn start(&self, job: DeliverJob, now: Timestamp) -> AttemptStart {
        attempt::begin(self.db.pg(), job, now).await.unwrap()
    }

    async fn begin(&self, job: DeliverJob, now: Timestamp) -> Option<BegunAttempt> {
        match self.start(job, now).await {
            AttemptStart::Begun(begun) => Some(*begun),
            _ => None,
        }
    }

    async fn end(&self, job: DeliverJob, status: u16, verdict: AttemptVerdict, now: Timestamp) {
        let url = WebhookUrl::stored(URL.to_owned());
        let end = AttemptEnd { took_ms: 7, status: Some(status), error: None };
        let ended = EndedAttempt { job, url: &url, end: &end, verdict };
        attempt::end(self.db.pg(), ended, now).await.unwrap();
    }

    /// An attempt that fails, and is to be tried again at a time.
    async fn fail(&self, job: DeliverJob, now: Timestamp, again: Timestamp) {
        self.begin(job, now).await.unwrap();
        self.end(job, 500, AttemptVerdict::Again(again), now).await;
    }

    async fn shown(&self) -> Webhook {
        webhook::get(self.db.pg(), self.key()).await.unwrap().unwrap()
    }

    async fn state(&self, id: DeliveryId) -> DeliveryState {
        delivery::get(self.db.pg(), self.key(), id).await.unwrap().unwrap().state
    }

    async fn sql(&self, statements: &str) {
        self.db.client().await.batch_execute(statements).await.unwrap();
    }

    async fn log(&self) -> Vec<Delivery> {
        let page = DeliveryPage { before: None, limit: 10 };
        delivery::page(self.db.pg(), self.key(), page).await.unwrap()
    }
}

fn job(delivery: DeliveryId, attempt: u32) -> DeliverJob {
    DeliverJob { delivery, attempt }
}

#[tokio::test]
async fn a_webhook_is_its_payers_own_and_there_are_few() {
    let world = World::new().await;
    let pg = world.db.pg();
    let again = world.put("news", b"other", at(9)).await.unwrap();
    assert!(!again.is_new, "the secret stays");
    assert_eq!((again.webhook.position, again.webhook.updated_at), (place(5), at(9)));
    for number in 1..WEBHOOKS_MAX {
        world.put(&format!("w{number}"), b"x", at(0)).await.unwrap();
    }
    assert!(matches!(world.put("more", b"x", at(0)).await, Err(StoreError::Conflict(_))));
    world.put("news", b"x", at(0)).await.unwrap();
    let stranger = WebhookKey { payer: PayerId::new(77), name: &world.news };
    assert_eq!(webhook::get(pg, stranger).await.unwrap(), None);
    assert!(!webhook::delete(pg, stranger).await.unwrap());
    assert_eq!(webhook::rotate(pg, stranger, b"y", at(0)).await.unwrap(), None);
    let made = world.made(9, at(1)).await;
    assert_eq!(delivery::get(pg, stranger, made).await.unwrap(), None);
    assert_eq!(delivery::redeliver(pg, stranger, made, at(60)).await.unwrap(), None);
    assert!(webhook::delete(pg, world.key()).await.unwrap());
    assert!(matches!(world.start(job(made, 1), at(1)).await, AttemptStart::Over));
    assert_eq!(webhook::of_payer(pg, world.payer).await.unwrap().len(), 19);
}

#[tokio::test]
async fn what_is_found_twice_is_one_delivery_and_ranges_join() {
    let world = World::new().await;
    let taken = world.take(at(1)).await;
    assert_eq!((taken.len(), taken[0].account.as_str(), taken[0].pending), (1, "holder", 0));
    assert_eq!(world.take(at(1)).await, [], "it was looked at");
    due::skip(world.db.pg(), &taken[0], place(8)).await.unwrap();
    assert_eq!(world.announce(&taken[0], 9).await, None, "it moved meanwhile");
    let taken = world.take(at(2)).await;
    assert_eq!((taken[0].position, taken[0].announced), (place(8), place(5)));
    let (first, second) =
        tokio::join!(world.announce(&taken[0], 20), world.announce(&taken[0], 20));
    assert_ne!(first.is_some(), second.is_some(), "one of both");
    let taken = world.take(at(3)).await;
    assert_eq!((taken[0].announced, taken[0].pending), (place(20), 1));
    let range = ChangeRange { from: place(5), to: place(20) };
    assert_eq!(world.log().await[0].content, DeliveryContent::Changes { range, events: 2 });
    due::skip(world.db.pg(), &taken[0], HEAD).await.unwrap();
    assert_eq!(world.take(at(4)).await, [], "there is nothing more");
}

#[tokio::test]
async fn an_attempt_begins_once_and_when_it_is_due() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    let first = job(made, 1);
    assert_eq!(world.waking(at(0)).await, [first]);
    due::woken(world.db.pg(), &[first], at(0)).await.unwrap();
    assert_eq!(world.waking(at(60)).await, [], "its message was sent");
    assert_eq!(world.waking(at(900)).await, [first], "and may be lost");
    assert!(world.begin(job(made, 2), at(1)).await.is_none(), "one after the other");
    let (one, two) = tokio::join!(world.begin(first, at(1)), world.begin(first, at(1)));
    assert_ne!(one.is_some(), two.is_some(), "one of both");
    let begun = one.or(two).unwrap();
    assert_eq!((begun.body.as_str(), begun.tries, begun.is_ping), ("{}", 1, false));
    assert_eq!(begun.secrets, [b"first".to_vec()]);
    for _twice in 0..2 {
        world.end(first, 500, AttemptVerdict::Again(at(300)), at(2)).await;
    }
    assert!(world.begin(first, at(400)).await.is_none(), "it began before");
    let second = job(made, 2);
    assert!(
        matches!(world.start(second, at(299)).await, AttemptStart::NotYet(due) if due == at(300))
    );
    assert_eq!(world.waking(at(299)).await, []);
    assert_eq!(world.waking(at(300)).await, [second]);
    let begun = world.begin(second, at(300)).await.unwrap();
    assert_eq!((begun.tries, begun.failing_since), (2, Some(at(2))));
    world.end(second, 204, AttemptVerdict::Delivered, at(301)).await;
    let log = world.log().await;
    assert_eq!((log[0].state, log[0].due_at), (DeliveryState::Delivered, None));
    let statuses: Vec<_> =
        log[0].attempts.iter().map(|one| one.end.as_ref().unwrap().status).collect();
    assert_eq!(statuses, [Some(500), Some(204)]);
    let shown = webhook::get(world.db.pg(), world.key()).await.unwrap().unwrap();
    assert_eq!(shown.failing_since, None);
    assert_eq!(world.waking(at(1 << 30)).await, []);
}

#[tokio::test]
async fn a_worker_that_dies_leaves_an_attempt_without_an_end_and_another_follows() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    world.begin(job(made, 1), at(0)).await.unwrap();
    assert!(matches!(world.start(job(made, 2), at(59)).await, AttemptStart::NotYet(_)));
    assert_eq!(world.waking(at(60)).await, [job(made, 2)]);
    world.begin(job(made, 2), at(60)).await.unwrap();
    // The first one was only slow: what it failed with says nothing, what it succeeded with does.
    world.end(job(made, 1), 500, AttemptVerdict::GivenUp, at(61)).await;
    assert_eq!(world.log().await[0].state, DeliveryState::Pending);
    world.end(job(made, 2), 200, AttemptVerdict::Delivered, at(62)).await;
    let log = world.log().await;
    assert_eq!((log[0].state, log[0].attempts.len()), (DeliveryState::Delivered, 2));
}

#[tokio::test]
async fn what_is_disabled_is_left_alone_and_goes_on_where_nothing_was_brought() {
    let world = World::new().await;
    let (first, second) = (world.made(9, at(0)).await, world.made(20, at(1)).await);
    world.begin(job(first, 1), at(1)).await.unwrap();
    world.end(job(first, 1), 200, AttemptVerdict::Delivered, at(1)).await;
    world.begin(job(second, 1), at(1)).await.unwrap();
    let third = world.made(30, at(2)).await;
    world.end(job(second, 1), 410, AttemptVerdict::Disabled(DisabledWhy::Gone), at(3)).await;
    assert!(world.begin(job(third, 1), at(4)).await.is_none());
    assert_eq!((world.waking(at(1 << 30)).await, world.take(at(9)).await), (vec![], vec![]));
    assert_eq!(delivery::redeliver(world.db.pg(), world.key(), first, at(50)).await.unwrap(), None);
    let states: Vec<DeliveryState> = world.log().await.iter().map(|one| one.state).collect();
    use DeliveryState::{Delivered, Failed};
    assert_eq!(states, [Failed, Failed, Delivered]);
    let shown = webhook::get(world.db.pg(), world.key()).await.unwrap().unwrap();
    assert_eq!(shown.disabled, Some((at(3), DisabledWhy::Gone)));
    let put = world.put("news", b"x", at(60)).await.unwrap().webhook;
    assert_eq!(
        (put.disabled, put.position),
        (None, place(9)),
        "what was not brought is found again"
    );
    assert_eq!(world.take(at(61)).await[0].announced, place(9));
}

#[tokio::test]
async fn two_secrets_sign_for_a_day() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    for _twice in 0..2 {
        let rotated = webhook::rotate(world.db.pg(), world.key(), b"second", at(0)).await.unwrap();
        assert_eq!(rotated.unwrap().old_secret_until, Some(at(OVERLAP_SECONDS)));
    }
    let begun = world.begin(job(made, 1), at(OVERLAP_SECONDS - 1)).await.unwrap();
    assert_eq!(begun.secrets, [b"second".to_vec(), b"first".to_vec()]);
    let begun = world.begin(job(made, 2), at(OVERLAP_SECONDS + 60)).await.unwrap();
    assert_eq!(begun.secrets, [b"second".to_vec()]);
}

#[tokio::test]
async fn what_is_asked_for_is_sent_now_and_then_and_not_for_ever() {
    let world = World::new().await;
    let pg = world.db.pg();
    let ping = delivery::ping(pg, world.key(), "{}", at(0)).await.unwrap().unwrap();
    assert!(world.begin(ping, at(0)).await.unwrap().is_ping);
    world.end(ping, 500, AttemptVerdict::GivenUp, at(0)).await;
    let wait = i64::from(ASKED_SECONDS);
    assert_eq!(delivery::ping(pg, world.key(), "{}", at(wait - 1)).await.unwrap(), None);
    let mut next = job(world.made(9, at(1)).await, 1);
    for number in 1..=i64::from(ATTEMPTS_MAX) {
        let now = at(number * wait);
        let again = delivery::redeliver(pg, world.key(), next.delivery, now).await.unwrap();
        assert_eq!(again, Some(next));
        assert_eq!(world.begin(next, now).await.unwrap().tries, 1, "the schedule begins again");
        world.end(next, 500, AttemptVerdict::Again(at(1 << 30)), now).await;
        next.attempt += 1;
    }
    let late = at(1 << 20);
    assert_eq!(delivery::redeliver(pg, world.key(), next.delivery, late).await.unwrap(), None);
    let before =
        delivery::page(pg, world.key(), DeliveryPage { before: Some(next.delivery), limit: 9 });
    let before = before.await.unwrap();
    assert_eq!((before.len(), before[0].id), (1, ping.delivery));
    assert_eq!(delivery::forget(pg, at(1), 9).await.unwrap(), 1, "the other one is pending");
    assert_eq!(world.log().await.len(), 1);
    assert_eq!(delivery::forget(pg, at(4 * 86_400 + 1), 9).await.unwrap(), 1, "for too long");
    assert_eq!(world.log().await, []);
}

#[tokio::test]
async fn what_cannot_be_read_keeps_no_other_from_being_taken() {
    let world = World::new().await;
    world.put("bad", b"x", at(0)).await.unwrap();
    world.sql(r#"update webhook set filter = '{"kind": ["?"]}' where name = 'bad'"#).await;
    let taken = world.take(at(1)).await;
    assert_eq!(taken.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["news"]);
    world.sql(r#"update webhook set filter = '{"kind": ["?"]}'"#).await;
    assert_eq!(world.take(at(2)).await, [], "none can be read, and that has an end");
}

#[tokio::test]
async fn what_was_closed_stays_closed_when_another_attempt_ends_late() {
    let world = World::new().await;
    let (first, second) = (world.made(9, at(0)).await, world.made(20, at(1)).await);
    let (one, two) = (job(first, 1), job(second, 1));
    world.begin(one, at(1)).await.unwrap();
    world.begin(two, at(1)).await.unwrap();
    world.end(one, 410, GONE, at(2)).await;
    world.end(two, 500, AttemptVerdict::Again(at(9)), at(3)).await;
    assert_eq!(world.state(second).await, DeliveryState::Failed);
    assert_eq!(world.waking(at(1 << 30)).await, []);
    assert_eq!(world.shown().await.failing_since, None, "it changed nothing");
    world.put("news", b"x", at(4)).await.unwrap();
    assert_eq!(world.waking(at(1 << 30)).await, [], "its range is announced again");
    assert!(world.begin(job(second, 2), at(90)).await.is_none());
}

#[tokio::test]
async fn one_is_disabled_after_another_and_none_is_left_pending() {
    let world = World::new().await;
    let first = world.made(9, at(0)).await;
    world.begin(job(first, 1), at(1)).await.unwrap();
    let taken = world.take(at(2)).await;
    let ((), made) =
        tokio::join!(world.end(job(first, 1), 410, GONE, at(3)), world.announce(&taken[0], 20));
    if let Some(made) = made {
        assert_eq!(world.state(made).await, DeliveryState::Failed, "it was announced before");
    }
    assert_eq!(world.put("news", b"x", at(4)).await.unwrap().webhook.position, place(5));
    assert_eq!(world.waking(at(1 << 30)).await, []);
}

#[tokio::test]
async fn the_next_range_covers_what_failed_for_good() {
    let world = World::new().await;
    let first = world.made(9, at(0)).await;
    world.begin(job(first, 1), at(1)).await.unwrap();
    world.end(job(first, 1), 500, AttemptVerdict::GivenUp, at(2)).await;
    let taken = world.take(at(3)).await;
    assert_eq!((taken[0].position, taken[0].announced), (place(9), place(5)));
    let second = world.announce(&taken[0], 20).await.unwrap();
    let range = ChangeRange { from: place(5), to: place(20) };
    assert_eq!(world.log().await[0].content, DeliveryContent::Changes { range, events: 2 });
    // What was brought once is not lost, whatever becomes of it later.
    world.begin(job(second, 1), at(4)).await.unwrap();
    world.end(job(second, 1), 200, AttemptVerdict::Delivered, at(4)).await;
    delivery::redeliver(world.db.pg(), world.key(), second, at(5)).await.unwrap().unwrap();
    world.begin(job(second, 2), at(5)).await.unwrap();
    world.end(job(second, 2), 500, AttemptVerdict::GivenUp, at(6)).await;
    assert_eq!(world.take(at(7)).await[0].announced, place(20));
    // A ping has no range.
    let ping = delivery::ping(world.db.pg(), world.key(), "{}", at(60)).await.unwrap().unwrap();
    world.begin(ping, at(60)).await.unwrap();
    world.end(ping, 500, AttemptVerdict::GivenUp, at(61)).await;
    assert_eq!(world.take(at(62)).await[0].announced, place(20));
}

#[tokio::test]
async fn a_payer_asks_for_little_whatever_it_does_with_its_webhooks() {
    let world = World::new().await;
    let pg = world.db.pg();
    let made = world.made(9, at(1)).await;
    world.put("other", b"x", at(2)).await.unwrap();
    let other = WebhookKey { payer: world.payer, name: &name("other") };
    let ping = delivery::ping(pg, other, "{}", at(10)).await.unwrap().unwrap();
    assert_eq!(delivery::ping(pg, world.key(), "{}", at(14)).await.unwrap(), None);
    assert_eq!(delivery::redeliver(pg, world.key(), made, at(14)).await.unwrap(), None);
    assert!(delivery::has_pending_ping(pg, other).await.unwrap());
    assert!(!delivery::has_pending_ping(pg, world.key()).await.unwrap());
    assert_eq!(delivery::ping(pg, other, "{}", at(20)).await.unwrap(), None, "one at a time");
    // What was refused takes nothing of the allowance.
    assert!(delivery::redeliver(pg, world.key(), made, at(20)).await.unwrap().is_some());
    assert!(webhook::delete(pg, other).await.unwrap());
    world.put("other", b"x", at(21)).await.unwrap();
    assert_eq!(delivery::ping(pg, other, "{}", at(24)).await.unwrap(), None, "nor by a new one");
    let again = delivery::ping(pg, other, "{}", at(25)).await.unwrap().unwrap();
    assert_ne!(again.delivery, ping.delivery);
}

#[tokio::test]
async fn a_message_that_was_sent_late_moves_no_attempt_that_began() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    world.begin(job(made, 1), at(1)).await.unwrap();
    due::woken(world.db.pg(), &[job(made, 1)], at(1)).await.unwrap();
    assert_eq!(world.waking(at(61)).await, [job(made, 2)], "its worker may be dead");
    world.end(job(made, 1), 500, AttemptVerdict::Again(at(5)), at(2)).await;
    due::woken(world.db.pg(), &[job(made, 1)], at(2)).await.unwrap();
    assert_eq!(world.waking(at(5)).await, [job(made, 2)]);
}

#[tokio::test]
async fn no_attempt_begins_beyond_the_last_and_the_tick_gives_up() {
    let world = World::new().await;
    let pg = world.db.pg();
    let made = world.made(9, at(0)).await;
    let all = i64::from(ATTEMPTS_MAX);
    for number in 1..=ATTEMPTS_MAX {
        let now = at(i64::from(number));
        world.fail(job(made, number), now, at(i64::from(number) + 1)).await;
    }
    let beyond = job(made, ATTEMPTS_MAX + 1);
    assert!(world.begin(beyond, at(all + 1)).await.is_none());
    due::give_up(pg, at(all)).await.unwrap();
    assert_eq!(world.state(made).await, DeliveryState::Pending, "it is not due yet");
    due::give_up(pg, at(all + 1)).await.unwrap();
    assert_eq!(world.state(made).await, DeliveryState::Failed);
    assert_eq!(world.take(at(all + 2)).await[0].announced, place(5), "it is announced again");
}

#[tokio::test]
async fn a_ping_whose_worker_died_is_not_sent_again() {
    let world = World::new().await;
    let pg = world.db.pg();
    let ping = delivery::ping(pg, world.key(), "{}", at(0)).await.unwrap().unwrap();
    due::give_up(pg, at(0)).await.unwrap();
    world.begin(ping, at(0)).await.unwrap();
    assert!(world.begin(job(ping.delivery, 2), at(60)).await.is_none());
    due::give_up(pg, at(59)).await.unwrap();
    assert_eq!(world.state(ping.delivery).await, DeliveryState::Pending, "it may be slow");
    due::give_up(pg, at(60)).await.unwrap();
    assert_eq!(world.state(ping.delivery).await, DeliveryState::Failed);
    let again = delivery::redeliver(pg, world.key(), ping.delivery, at(61)).await.unwrap();
    assert_eq!(again, Some(job(ping.delivery, 2)));
    assert!(world.begin(job(ping.delivery, 2), at(61)).await.is_some());
}

#[tokio::test]
async fn what_was_brought_before_is_not_brought_back_by_a_410() {
    let world = World::new().await;
    let (first, second) = (world.made(9, at(0)).await, world.made(20, at(1)).await);
    for made in [first, second] {
        world.begin(job(made, 1), at(1)).await.unwrap();
        world.end(job(made, 1), 200, AttemptVerdict::Delivered, at(1)).await;
    }
    delivery::redeliver(world.db.pg(), world.key(), first, at(9)).await.unwrap().unwrap();
    world.begin(job(first, 2), at(9)).await.unwrap();
    world.end(job(first, 2), 410, GONE, at(10)).await;
    let put = world.put("news", b"x", at(11)).await.unwrap().webhook;
    assert_eq!(put.position, place(20));
}

#[tokio::test]
async fn while_two_secrets_sign_the_older_one_stays() {
    let world = World::new().await;
    let (pg, made) = (world.db.pg(), world.made(9, at(0)).await);
    for (secret, now) in [("lost", at(0)), ("seen", at(9))] {
        let rotated =
            webhook::rotate(pg, world.key(), secret.as_bytes(), now).await.unwrap().unwrap();
        assert_eq!(rotated.old_secret_until, Some(at(OVERLAP_SECONDS)));
    }
    let begun = world.begin(job(made, 1), at(10)).await.unwrap();
    assert_eq!(begun.secrets, [b"seen".to_vec(), b"first".to_vec()]);
    let later = at(OVERLAP_SECONDS);
    let rotated = webhook::rotate(pg, world.key(), b"next", later).await.unwrap().unwrap();
    assert_eq!(rotated.old_secret_until, Some(at(2 * OVERLAP_SECONDS)));
    let begun = world.begin(job(made, 2), later).await.unwrap();
    assert_eq!(begun.secrets, [b"next".to_vec(), b"seen".to_vec()]);
}

#[tokio::test]
async fn a_receiver_that_is_back_gets_what_waits() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (to, seconds) in [(9, 0), (20, 1), (30, 2)] {
        ids.push(world.made(to, at(seconds)).await);
    }
    world.fail(job(ids[0], 1), at(10), at(86_400)).await;
    world.fail(job(ids[1], 1), at(10), at(12)).await;
    world.begin(job(ids[2], 1), at(11)).await.unwrap();
    world.begin(job(ids[1], 2), at(12)).await.unwrap();
    world.end(job(ids[1], 2), 204, AttemptVerdict::Delivered, at(13)).await;
    assert_eq!(world.waking(at(13)).await, [job(ids[0], 2)], "the third one is under way");
    assert!(world.begin(job(ids[0], 2), at(13)).await.is_some());
    assert_eq!(world.waking(at(71)).await, [job(ids[2], 2)]);
}

#[tokio::test]
async fn a_webhook_is_disabled_only_if_it_is_still_so() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    let late = FAILING_SECONDS_MAX + 1;
    world.fail(job(made, 1), at(0), at(late)).await;
    let failing = AttemptVerdict::Disabled(DisabledWhy::Failing);
    // Another one succeeds meanwhile.
    let other = world.made(20, at(1)).await;
    world.begin(job(other, 1), at(late)).await.unwrap();
    world.begin(job(made, 2), at(late)).await.unwrap();
    world.end(job(other, 1), 200, AttemptVerdict::Delivered, at(late)).await;
    world.end(job(made, 2), 500, failing, at(late)).await;
    assert_eq!(world.shown().await.disabled, None);
    assert_eq!(world.waking(at(late + 60)).await, [job(made, 3)], "it is tried again");
    // Another address is put meanwhile.
    world.begin(job(made, 3), at(late + 60)).await.unwrap();
    world.put_at("news", "https://new.example.org/", b"x", at(late + 61)).await.unwrap();
    world.end(job(made, 3), 410, GONE, at(late + 62)).await;
    let shown = world.shown().await;
    assert_eq!((shown.disabled, shown.failing_since), (None, None));
}

#[tokio::test]
async fn another_address_has_not_failed_yet() {
    let world = World::new().await;
    let made = world.made(9, at(0)).await;
    world.fail(job(made, 1), at(1), at(5)).await;
    let same = world.put("news", b"x", at(2)).await.unwrap().webhook;
    assert_eq!(same.failing_since, Some(at(1)));
    let new = world.put_at("news", "https://new.example.org/", b"x", at(3)).await.unwrap();
    assert_eq!(new.webhook.failing_since, None);
}

#[tokio::test]
async fn nothing_is_redelivered_while_an_attempt_is_under_way() {
    let world = World::new().await;
    let (pg, made) = (world.db.pg(), world.made(9, at(0)).await);
    world.begin(job(made, 1), at(1)).await.unwrap();
    assert_eq!(delivery::redeliver(pg, world.key(), made, at(60)).await.unwrap(), None);
    let again = delivery::redeliver(pg, world.key(), made, at(61)).await.unwrap();
    assert_eq!(again, Some(job(made, 2)), "its worker is dead");
}
