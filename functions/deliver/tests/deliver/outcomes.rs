//! Receivers that are well, slow, down, broken, gone, or point elsewhere: delivered once in effect, all of it in the
//! log, and nothing else sent.

use model::WebhookSecret;
use model::message::DeliverJob;
use model::port::Clock as _;
use model::webhook::{
    ATTEMPTS_MAX, DeliveryState, DisabledWhy, FAILING_SECONDS_MAX, TRIES_MAX, retry_seconds,
};
use store::pg::webhook::{self, delivery};

use crate::receiver::{Behaviour, Receiver};
use crate::world::{BODY, SECRET, World, pauses, statuses};

#[tokio::test]
async fn what_is_due_is_sent_once_and_signed() {
    let receiver = Receiver::start().await;
    let world = World::new(&format!("{}/hook?a=b", receiver.origin), &receiver.origin).await;
    let id = world.announce().await;
    let job = DeliverJob { delivery: id, attempt: 1 };
    let (one, two) = tokio::join!(
        deliver::handle(world.dependencies(), job),
        deliver::handle(world.dependencies(), job)
    );
    assert!(one.is_ok() && two.is_ok());
    world.pass(3_600, 60).await;
    let received = receiver.received();
    assert_eq!(received.len(), 1, "twice, and the tick's messages, are once");
    let header = |name: &str| received[0].headers[name].clone();
    assert_eq!(
        (received[0].body.as_str(), header("content-type")),
        (BODY, "application/json".into())
    );
    assert_eq!(header("webhook-id"), id.to_string());
    let at = world.log().await[0].attempts[0].began_at;
    assert_eq!(header("webhook-timestamp"), at.as_second().to_string());
    let signed = deliver::signatures(&[SECRET], &id.to_string(), at, BODY);
    assert_eq!(header("webhook-signature"), signed);
    assert!(header("user-agent").contains("tests@example.org"));
    let log = world.log().await;
    assert_eq!((log.len(), log[0].state), (1, DeliveryState::Delivered));
    assert_eq!(statuses(&log[0]), [Some(204)]);
}

#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_gets_it_once_when_it_is_back() {
    let mut receiver = Receiver::start().await;
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    receiver.go_down().await;
    world.pass(3_600, 5).await;
    let log = world.log().await;
    assert_eq!((statuses(&log[0]), log[0].state), (vec![None; 4], DeliveryState::Pending));
    assert_eq!(pauses(&log[0]), [5, 300, 1_800]);
    assert!(log[0].attempts[0].end.as_ref().unwrap().error.as_ref().unwrap().contains("reached"));
    assert!(world.webhook().await.failing_since.is_some());
    receiver.come_back().await;
    world.pass(2 * 3_600, 60).await;
    let log = world.log().await;
    assert_eq!(statuses(&log[0]), [None, None, None, None, Some(204)]);
    assert_eq!((log[0].state, receiver.received().len()), (DeliveryState::Delivered, 1));
    assert_eq!(world.webhook().await.failing_since, None);
}

#[tokio::test]
async fn what_answers_500_is_tried_by_the_schedule_and_then_no_more() {
    let receiver = Receiver::start().await;
    receiver.answers(500);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    let id = world.announce().await;
    world.pass(60, 5).await;
    world.pass(6 * 86_400, 300).await;
    let log = world.log().await;
    assert_eq!(statuses(&log[0]), vec![Some(500); TRIES_MAX as usize]);
    assert_eq!((log[0].state, log[0].due_at), (DeliveryState::Failed, None));
    for (tries, pause) in (1..).zip(pauses(&log[0])) {
        let least = i64::from(retry_seconds(tries).unwrap());
        assert!((least..=least + 600).contains(&pause), "{tries}: {pause}");
    }
    let received = receiver.received();
    assert_eq!(received.len(), TRIES_MAX as usize);
    assert!(received.iter().all(|one| one.headers["webhook-id"] == id.to_string()));
    assert!(received.iter().all(|one| one.body == BODY));
    // It is asked for again, and arrives.
    receiver.answers(200);
    let again = delivery::redeliver(world.pg(), world.key(), id, world.clock.now()).await.unwrap();
    assert!(again.is_some());
    world.pass(60, 5).await;
    assert_eq!(receiver.received().len(), TRIES_MAX as usize + 1);
    assert_eq!(world.log().await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_fails_for_five_days_is_disabled_until_it_is_put_again() {
    let receiver = Receiver::start().await;
    receiver.answers(503);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(4 * 86_400, 1_800).await;
    assert_eq!(world.webhook().await.disabled, None);
    world.announce().await;
    world.pass(2 * 86_400, 1_800).await;
    let (at, why) = world.webhook().await.disabled.unwrap();
    let since = world.webhook().await.failing_since.unwrap();
    assert_eq!(why, DisabledWhy::Failing);
    assert!(at.as_second() - since.as_second() >= FAILING_SECONDS_MAX);
    let sent = receiver.received().len();
    world.pass(86_400, 3_600).await;
    assert_eq!(receiver.received().len(), sent, "nothing more is sent");
    receiver.answers(200);
    world.put(&receiver.origin).await;
    world.announce().await;
    world.pass(60, 5).await;
    assert_eq!(receiver.received().len(), sent + 1);
    assert_eq!(world.log().await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_answers_410_is_disabled_at_once_with_all_that_was_to_be_sent() {
    let receiver = Receiver::start().await;
    receiver.answers(410);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(5, 5).await;
    assert_eq!(world.webhook().await.disabled.map(|(_, why)| why), Some(DisabledWhy::Gone));
    world.pass(86_400, 3_600).await;
    assert_eq!((receiver.received().len(), statuses(&world.log().await[0])), (1, vec![Some(410)]));
    let ping = delivery::ping(world.pg(), world.key(), "{}", world.clock.now()).await.unwrap();
    assert_eq!(ping, None);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_not_followed() {
    let (receiver, private) = (Receiver::start().await, Receiver::start().await);
    let location = format!("location: {}/inside", private.origin);
    receiver.behave(Behaviour::Status(302, vec![location]));
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(60, 5).await;
    assert_eq!((receiver.received().len(), private.received().len()), (2, 0));
    let log = world.log().await;
    assert_eq!(statuses(&log[0]), [Some(302), Some(302)]);
    let error = log[0].attempts[0].end.as_ref().unwrap().error.clone().unwrap();
    assert!(error.contains("redirects are not followed"), "{error}");
}

#[tokio::test]
async fn private_addresses_get_nothing_by_number_or_name() {
    let (exempt, private) = (Receiver::start().await, Receiver::start().await);
    let port = private.origin.rsplit(':').next().unwrap();
    for url in [
        private.origin.clone(),
        format!("https://127.0.0.1:{port}/"),
        "https://localhost:8443/".to_owned(),
        "https://169.254.169.254/latest/".to_owned(),
    ] {
        let world = World::new(&url, &exempt.origin).await;
        world.announce().await;
        world.pass(5, 5).await;
        let end = world.log().await[0].attempts[0].end.clone().unwrap();
        let error = end.error.unwrap();
        assert_eq!(end.status, None, "{url}");
        let is_refused = error.contains("not a public address") || error.contains("no usable URL");
        assert!(is_refused, "{url}: {error}");
    }
    assert_eq!((exempt.received().len(), private.received().len()), (0, 0));
}

#[tokio::test]
async fn a_slow_receiver_is_not_waited_for_and_gets_the_same_again() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Silence);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    let id = world.announce().await;
    world.pass(1, 1).await;
    receiver.answers(200);
    world.pass(60, 5).await;
    let log = world.log().await;
    assert_eq!(
        (statuses(&log[0]), log[0].state),
        (vec![None, Some(200)], DeliveryState::Delivered)
    );
    let ids: Vec<String> =
        receiver.received().iter().map(|one| one.headers["webhook-id"].clone()).collect();
    assert_eq!(ids, [id.to_string(), id.to_string()]);
}

#[tokio::test]
async fn what_is_taken_is_delivered_though_the_body_never_comes() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Headers(200));
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(60, 5).await;
    let log = world.log().await;
    assert_eq!((statuses(&log[0]), log[0].state), (vec![Some(200)], DeliveryState::Delivered));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_delivery_has_so_many_attempts_however_often_it_is_asked_for() {
    let receiver = Receiver::start().await;
    receiver.answers(500);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    let id = world.announce().await;
    for _ in 0..ATTEMPTS_MAX {
        let now = world.clock.now();
        delivery::redeliver(world.pg(), world.key(), id, now).await.unwrap();
        // The first one, and the next after five seconds.
        world.pass(12, 6).await;
    }
    world.pass(86_400, 3_600).await;
    let log = world.log().await;
    assert_eq!((log[0].attempts.len(), log[0].state), (50, DeliveryState::Failed));
    assert_eq!(receiver.received().len(), ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_ping_that_arrives_sends_what_waits() {
    let receiver = Receiver::start().await;
    receiver.answers(500);
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(2 * 3_600, 300).await;
    let tried = receiver.received().len();
    receiver.answers(204);
    delivery::ping(world.pg(), world.key(), "{}", world.clock.now()).await.unwrap().unwrap();
    world.pass(120, 60).await;
    assert_eq!(receiver.received().len(), tried + 2, "the ping, and the delivery");
    assert!(world.log().await.iter().all(|one| one.state == DeliveryState::Delivered));
}

#[tokio::test]
async fn a_receiver_may_ask_for_time() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Status(429, vec!["retry-after: 120".to_owned()]));
    let world = World::new(&receiver.origin, &receiver.origin).await;
    world.announce().await;
    world.pass(115, 5).await;
    assert_eq!(receiver.received().len(), 1);
    receiver.answers(204);
    world.pass(20, 5).await;
    assert_eq!((receiver.received().len(), pauses(&world.log().await[0])), (2, vec![120]));
}

#[tokio::test]
async fn for_a_day_two_secrets_sign() {
    let receiver = Receiver::start().await;
    let world = World::new(&receiver.origin, &receiver.origin).await;
    let new = WebhookSecret::new([8; WebhookSecret::BYTES]);
    let sealed = world.sealed(&new);
    webhook::rotate(world.pg(), world.key(), &sealed, world.clock.now()).await.unwrap().unwrap();
    let id = world.announce().await.to_string();
    world.pass(5, 5).await;
    let headers = receiver.received()[0].headers.clone();
    let at = world.log().await[0].attempts[0].began_at;
    let both = deliver::signatures(&[new, SECRET], &id, at, BODY);
    assert_eq!(
        (headers["webhook-signature"].as_str(), both.split(' ').count()),
        (both.as_str(), 2)
    );
}
