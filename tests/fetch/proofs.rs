//! Codes of privacy requests: where they count, and that nothing else is kept of what is read.

use model::observation::NamedProfile;
use model::port::Clock as _;
use model::privacy_request::{
    CODE_BYTES, PrivacyRequestStatus, PrivacySecret, ProofCode, SECRET_BYTES, days_after,
};
use model::{Account, Platform, PrivacyRequestId, PrivacyRequestKind};
use platform_fetch::{JobEnd, handle_message};
use store::StoreError;
use store::pg::account_key;
use store::pg::privacy_request::{self, DueCheck, NewPrivacyRequest};

use crate::world::World;

const CODE: &str = "borg-1111111111111111";

/// A request of an account, made now.
async fn request(world: &World, number: u64, account: &str, kind: PrivacyRequestKind) {
    let account: Account = account.parse().unwrap();
    let new = NewPrivacyRequest {
        id: PrivacyRequestId::new(number),
        kind,
        account: &account,
        about: None,
        code: &ProofCode::from_random(&[1; CODE_BYTES]),
        secret: &PrivacySecret::from_random(&[1; SECRET_BYTES]),
        address: None,
    };
    assert!(privacy_request::create(world.pg(), b"", &new, world.clock.now()).await.unwrap());
}

/// Runs the first job of a request; where the request stands then.
async fn check(world: &World, number: u64) -> PrivacyRequestStatus {
    check_by(world, number, 1).await
}

/// The same by the job with this number.
async fn check_by(world: &World, number: u64, job: u32) -> PrivacyRequestStatus {
    let id = PrivacyRequestId::new(number);
    let deadline = days_after(world.clock.now(), 1);
    let body = format!(r#"{{"prove":"{id}","number":{job}}}"#);
    let end = handle_message(world.dependencies(), &body, 1, deadline).await;
    assert!(matches!(end, JobEnd::Done(_)), "{end:?}");
    let request = privacy_request::get(world.pg(), id).await.unwrap().unwrap();
    request.status(world.clock.now())
}

/// Sets the page of Ada on Bluesky.
fn bluesky_page(world: &World, bio: &str) {
    world.web.answer("resolveHandle", 200, r#"{"did":"did:plc:ada"}"#);
    let page = format!(
        r#"{{"did":"did:plc:ada","handle":"ada.example.org","description":"{bio}",
            "labels":[{{"val":"!no-unauthenticated"}}]}}"#
    );
    world.web.answer("getProfile?", 200, &page);
}

/// Whether any table but that of privacy requests has a text in it.
async fn is_anywhere(world: &World, text: &str) -> bool {
    world.database.has_text(text, &["privacy_request"]).await
}

use PrivacyRequestKind::{Access, OptOut};
use PrivacyRequestStatus::{Done, WaitingForProof, WithOperator};

#[tokio::test]
async fn a_code_in_the_bio_proves_an_account_that_nothing_else_was_known_of() {
    let world = World::new().await;
    world.web.answer("https://ada.example.org/", 404, "");
    bluesky_page(&world, "baker");
    request(&world, 1, "bluesky:ada.example.org", OptOut).await;
    assert_eq!(check(&world, 1).await, WaitingForProof);
    for trace in ["did:plc:ada", "baker", "ada.example.org"] {
        assert!(!is_anywhere(&world, trace).await, "{trace} is kept");
    }
    // Whatever the owner allows: it is the owner who asks.
    bluesky_page(&world, &format!("baker {CODE}"));
    assert_eq!(check(&world, 1).await, Done);
    world.web.take_requests();
    assert_eq!(check(&world, 1).await, Done);
    assert!(world.web.take_requests().is_empty(), "what has ended is not looked for");
    let named = NamedProfile { native_id: "did:plc:ada".into(), ..NamedProfile::default() };
    let id = account_key::resolve(world.pg(), Platform::BLUESKY, &[named]).await.unwrap();
    let name = account_key::names(world.pg(), &id).await.unwrap();
    assert_eq!(name, [None], "it is kept out");
    assert!(!is_anywhere(&world, "did:plc:ada").await);
}

#[tokio::test]
async fn a_code_in_another_bio_or_after_its_day_proves_nothing() {
    let world = World::new().await;
    request(&world, 1, "bluesky:ada.example.org", Access).await;
    world.web.answer("resolveHandle", 200, r#"{"did":"did:plc:ada"}"#);
    let other =
        format!(r#"{{"did":"did:plc:eve","handle":"ada.example.org","description":"{CODE}"}}"#);
    world.web.answer("getProfile?", 200, &other);
    assert_eq!(check(&world, 1).await, WaitingForProof);
    bluesky_page(&world, CODE);
    world.clock.advance_seconds(86_400);
    world.web.take_requests();
    assert_eq!(check(&world, 1).await, WithOperator);
    assert!(world.web.take_requests().is_empty());
}

#[tokio::test]
async fn a_code_on_a_page_of_the_account_proves_nothing() {
    let world = World::new().await;
    bluesky_page(&world, "baker, https://ada.example.org/");
    request(&world, 1, "bluesky:ada.example.org", Access).await;
    let html =
        format!("<link rel='me' href='https://bsky.app/profile/ada.example.org'><p>{CODE}</p>");
    world.web.answer("https://ada.example.org/", 200, &html);
    assert_eq!(check(&world, 1).await, WaitingForProof);
    let asked = world.web.take_requests();
    assert!(!asked.iter().any(|url| url.contains("://ada.example.org")), "{asked:?}");
}

/// Sends the jobs that are due, and counts them as checks; how many they were.
async fn sent(world: &World) -> usize {
    let (pg, now) = (world.pg(), world.clock.now());
    let send = async |_: &[DueCheck]| Ok::<_, StoreError>(());
    privacy_request::send_due_checks(pg, &[Platform::BLUESKY], 10, now, send).await.unwrap()
}

#[tokio::test]
async fn trouble_that_may_pass_is_no_check_and_is_taken_back_once() {
    let world = World::new().await;
    request(&world, 1, "bluesky:ada.example.org", Access).await;
    let checks = async || {
        let request = privacy_request::get(world.pg(), PrivacyRequestId::new(1)).await.unwrap();
        request.unwrap().checks
    };
    bluesky_page(&world, "baker");
    world.clock.advance_seconds(600);
    assert_eq!(sent(&world).await, 1);
    assert_eq!(check_by(&world, 1, 1).await, WaitingForProof);
    assert_eq!(checks().await, 1, "it was looked for");
    world.clock.advance_seconds(3_000);
    assert_eq!(sent(&world).await, 1);
    assert_eq!(checks().await, 2);
    world.web.answer("getProfile?", 503, "");
    // The second one comes twice, and the first one comes again.
    for job in [2, 2, 1] {
        assert_eq!(check_by(&world, 1, job).await, WaitingForProof);
        assert_eq!(checks().await, 1);
    }
    world.clock.advance_seconds(599);
    assert_eq!(sent(&world).await, 0);
    world.clock.advance_seconds(1);
    assert_eq!(sent(&world).await, 1, "long before its next time");
}

#[tokio::test]
async fn only_the_server_of_a_native_id_speaks_for_it() {
    let world = World::new().await;
    let account = |uri: &str| {
        format!(
            r#"{{"id":"7","uri":"{uri}","username":"ada","acct":"ada","note":"<p>{CODE}</p>",
                "discoverable":true,"fields":[]}}"#
        )
    };
    // Another server says that it is Ada of good.example, and shows the code.
    request(&world, 1, "fediverse:ada@evil.example", OptOut).await;
    let stolen = account("https://good.example/users/ada");
    world.web.answer("https://evil.example/", 200, &stolen);
    world.web.answer("https://good.example/", 404, r#"{"error":"Record not found"}"#);
    assert_eq!(check(&world, 1).await, WaitingForProof);
    request(&world, 2, "fediverse:ada@good.example", Access).await;
    world.web.answer("https://good.example/", 200, &account("https://good.example/users/ada"));
    assert_eq!(check(&world, 2).await, Done);
}
