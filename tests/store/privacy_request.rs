//! Privacy requests: limits, secrets, checks, and ends that happen once.

use model::privacy_request::{
    CHECKS_MAX, CODE_BYTES, CODE_SECONDS, OF_ACCOUNT_FROM_ADDRESS_MAX, OF_ACCOUNT_MAX,
    OF_ADDRESS_MAX, PrivacyOutcome, PrivacyRequestStatus, PrivacySecret, ProofCode, SECRET_BYTES,
};
use model::time::Timestamp;
use model::{Account, PrivacyRequest, PrivacyRequestId, PrivacyRequestKind};
use store::StoreError;
use store::pg::privacy_request::{self, CheckOrder, DueCheck, NewPrivacyRequest, OperatorAnswer};
use store::pg::retention::{self, RetentionPolicy};
use store::pg::{audit, profile};
use testkit::{Database, database};

use crate::web::{ACT, PLATFORM, at, crawled, page};

const PEPPER: &[u8] = b"pepper";
const DAY: i64 = 86_400;

fn secret(seed: u8) -> PrivacySecret {
    PrivacySecret::from_random(&[seed; SECRET_BYTES])
}

/// Makes a request with this number; whether there may be one more.
async fn made(
    db: &Database,
    number: u8,
    kind: PrivacyRequestKind,
    (name, address): (&str, Option<&[u8]>),
    now: Timestamp,
) -> bool {
    let account = Account::new(PLATFORM, name).unwrap();
    let new = NewPrivacyRequest {
        id: PrivacyRequestId::new(number.into()),
        kind,
        account: &account,
        about: Some("this label"),
        code: &ProofCode::from_random(&[number; CODE_BYTES]),
        secret: &secret(number),
        address,
    };
    privacy_request::create(db.pg(), PEPPER, &new, now).await.unwrap()
}

async fn get(db: &Database, number: u64) -> Option<PrivacyRequest> {
    privacy_request::get(db.pg(), PrivacyRequestId::new(number)).await.unwrap()
}

/// The requests that a tick sends.
async fn sent(db: &Database, now: Timestamp) -> Vec<u64> {
    let mut ids = Vec::new();
    let send = async |due: &[DueCheck]| {
        ids.extend(due.iter().map(|check| check.id.number()));
        Ok::<_, StoreError>(())
    };
    privacy_request::send_due_checks(db.pg(), &[PLATFORM], 10, now, send).await.unwrap();
    ids
}

use PrivacyRequestKind::{Access, Correction, Objection, OptOut};

#[tokio::test]
async fn a_day_has_so_many_requests_of_an_account_and_from_an_address() {
    let db = database().await;
    let mut number = 0;
    for name in ["ada.sky.test", "ADA.sky.test", "ada.sky.test"] {
        number += 1;
        assert!(made(&db, number, Access, (name, None), at(0)).await, "{name}");
    }
    assert_eq!(u32::from(number), OF_ACCOUNT_FROM_ADDRESS_MAX);
    assert!(!made(&db, 9, Access, ("ada.sky.test", None), at(0)).await);
    assert_eq!(get(&db, 9).await, None);
    // Who asks from elsewhere is not locked out by that, up to a number.
    for other in number..OF_ACCOUNT_MAX as u8 {
        let address = [other];
        assert!(made(&db, 100 + other, Access, ("ada.sky.test", Some(&address)), at(0)).await);
    }
    assert!(!made(&db, 10, Access, ("ada.sky.test", Some(&[99])), at(0)).await);
    for other in 0..OF_ADDRESS_MAX {
        let name = format!("bob{other}.sky.test");
        // The one that was refused did not count.
        assert!(made(&db, 20 + other as u8, Access, (&name, Some(&[1])), at(0)).await, "{name}");
    }
    assert!(!made(&db, 40, Access, ("eve.sky.test", Some(&[1])), at(0)).await);
    assert!(made(&db, 41, Access, ("eve.sky.test", Some(&[2])), at(0)).await);
    assert!(made(&db, 42, Access, ("ada.sky.test", Some(&[1])), at(DAY)).await, "another day");
}

#[tokio::test]
async fn a_query_makes_no_other_account_of_a_native_id() {
    let db = database().await;
    for (number, name) in [(1, "did:plc:ada"), (2, "did:plc:ada?x=1"), (3, "did:plc:ada#x")] {
        assert!(made(&db, number, Access, (name, None), at(0)).await, "{name}");
    }
    assert!(!made(&db, 4, Access, ("did:plc:ada?x=2", None), at(0)).await);
    assert!(made(&db, 5, Access, ("did:plc:bob", None), at(0)).await);
}

#[tokio::test]
async fn only_its_own_secret_opens_a_request() {
    let db = database().await;
    made(&db, 1, Access, ("ada.sky.test", None), at(0)).await;
    made(&db, 2, Access, ("bob.sky.test", None), at(0)).await;
    let open = async |number, pepper: &[u8], seed| {
        let id = PrivacyRequestId::new(number);
        privacy_request::open(db.pg(), pepper, id, &secret(seed)).await.unwrap()
    };
    assert_eq!(open(1, PEPPER, 1).await.unwrap().handle.as_deref(), Some("ada.sky.test"));
    assert_eq!(open(1, PEPPER, 2).await, None);
    assert_eq!(open(3, PEPPER, 1).await, None);
    assert_eq!(open(1, b"other", 1).await, None);
    let sql = "select 1 from privacy_request t where t::text like '%borg_privacy%'";
    assert!(db.client().await.query(sql, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_is_looked_for_by_itself_and_when_asked_but_not_too_often() {
    let db = database().await;
    made(&db, 1, Access, ("ada.sky.test", None), at(0)).await;
    let id = PrivacyRequestId::new(1);
    let order = async |now| privacy_request::order_check(db.pg(), id, now).await.unwrap();
    assert!(sent(&db, at(599)).await.is_empty());
    assert_eq!(sent(&db, at(600)).await, [1]);
    assert!(sent(&db, at(600)).await.is_empty(), "twice is once");
    assert_eq!(order(at(610)).await, CheckOrder::TooSoon(at(660)));
    assert_eq!(order(at(660)).await, CheckOrder::Ordered);
    assert_eq!(sent(&db, at(661)).await, [1]);
    assert_eq!(sent(&db, at(3_600)).await, [1], "an asked one does not shift the others");
    let mut now = 4_000;
    while order(at(now)).await == CheckOrder::Ordered {
        assert_eq!(sent(&db, at(now)).await, [1]);
        now += 60;
    }
    assert_eq!(order(at(now)).await, CheckOrder::TooOften);
    assert_eq!(get(&db, 1).await.unwrap().checks, CHECKS_MAX);
    assert!(sent(&db, at(21_600)).await.is_empty());
    assert_eq!(order(at(CODE_SECONDS)).await, CheckOrder::NothingToCheck);
    // A tick that cannot send has sent nothing.
    made(&db, 2, Access, ("bob.sky.test", None), at(0)).await;
    let fail = async |_: &[DueCheck]| Err(StoreError::Conflict("no queue".to_owned()));
    let failed = privacy_request::send_due_checks(db.pg(), &[PLATFORM], 10, at(600), fail).await;
    assert!(failed.is_err());
    assert_eq!(sent(&db, at(600)).await, [2]);
}

#[tokio::test]
async fn a_proven_opt_out_erases_that_profile_once_and_names_its_request_in_the_log() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    made(&db, 1, OptOut, ("ada.sky.test", None), at(5)).await;
    let request = get(&db, 1).await.unwrap();
    let prove = async |request: &PrivacyRequest, now| {
        privacy_request::prove(db.pg(), request, "did:ada", now).await.unwrap()
    };
    assert!(prove(&request, at(6)).await);
    assert!(!prove(&request, at(7)).await, "twice is once");
    let gone = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert!(gone.gone.is_some() && gone.native_id.is_none());
    let done = get(&db, 1).await.unwrap();
    assert_eq!(done.status(at(8)), PrivacyRequestStatus::Done);
    assert_eq!((done.handle, done.about, done.profile), (None, None, Some(ada)));
    let log = audit::newest(db.pg(), 9).await.unwrap();
    let lines: Vec<_> = log.iter().map(|line| (&*line.actor, line.subject.clone())).collect();
    assert_eq!(lines, [("prq_1", Some(ada.to_string()))]);
    // One that was never seen is erased before it is.
    made(&db, 2, OptOut, ("eve.sky.test", None), at(5)).await;
    let request = get(&db, 2).await.unwrap();
    assert!(privacy_request::prove(db.pg(), &request, "did:eve", at(6)).await.unwrap());
    let eve = get(&db, 2).await.unwrap().profile.unwrap();
    assert!(profile::get(db.pg(), &[eve]).await.unwrap()[0].native_id.is_none());
}

#[tokio::test]
async fn a_proof_opens_what_is_held_and_hands_an_objection_to_the_operator() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    made(&db, 1, Access, ("ada.sky.test", None), at(5)).await;
    made(&db, 2, Objection, ("ada.sky.test", None), at(5)).await;
    for number in [1, 2] {
        let request = get(&db, number).await.unwrap();
        assert!(privacy_request::prove(db.pg(), &request, "did:ada", at(6)).await.unwrap());
        assert!(!privacy_request::prove(db.pg(), &request, "did:bob", at(7)).await.unwrap());
    }
    let access = get(&db, 1).await.unwrap();
    assert_eq!((access.profile, access.data_until), (Some(ada), Some(at(6 + 7 * DAY))));
    assert_eq!(access.status(at(7)), PrivacyRequestStatus::Done);
    let objection = get(&db, 2).await.unwrap();
    assert_eq!(objection.status(at(7)), PrivacyRequestStatus::WithOperator);
    assert_eq!(objection.due_at(), at(5 + 28 * DAY));
    let open = privacy_request::unanswered(db.pg(), 9).await.unwrap();
    assert_eq!(open, std::slice::from_ref(&objection));
    let given = OperatorAnswer {
        id: objection.id,
        outcome: PrivacyOutcome::Refused,
        answer: Some("the words are those of many"),
        profile: None,
    };
    let answer =
        async |now| privacy_request::answer(db.pg(), &objection, &given, ACT, now).await.unwrap();
    assert!(answer(at(9)).await && !answer(at(10)).await);
    let ended = get(&db, 2).await.unwrap();
    assert_eq!(ended.status(at(11)), PrivacyRequestStatus::Refused);
    assert_eq!(ended.answer.as_deref(), Some("the words are those of many"));
    assert_eq!(ended.profile, Some(ada));
    let log = audit::newest(db.pg(), 9).await.unwrap();
    let lines: Vec<_> = log.iter().map(|line| (&*line.action, line.subject.clone())).collect();
    let ada = Some(ada.to_string());
    let answered = (ACT.action, Some("prq_2".to_owned()));
    // That what is held was given is in the log, too; a proof that changed nothing is not.
    assert_eq!(lines, [answered, ("prove-request", ada.clone()), ("give-data", ada)]);
    let actors: Vec<_> = log.iter().map(|line| &*line.actor).collect();
    assert_eq!(actors, [ACT.actor, "prq_2", "prq_1"]);
}

#[tokio::test]
async fn a_native_id_is_no_handle() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    made(&db, 1, Access, ("ada.sky.test", None), at(5)).await;
    let request = get(&db, 1).await.unwrap();
    assert!(privacy_request::prove(db.pg(), &request, "ada.sky.test", at(6)).await.unwrap());
    assert_eq!(get(&db, 1).await.unwrap().profile, None, "that is another account");
}

#[tokio::test]
async fn proven_requests_come_first_and_press_when_they_are_nearly_due() {
    let db = database().await;
    made(&db, 1, Objection, ("bob.sky.test", None), at(0)).await;
    made(&db, 2, Correction, ("ada.sky.test", None), at(5)).await;
    let request = get(&db, 2).await.unwrap();
    assert!(privacy_request::prove(db.pg(), &request, "did:ada", at(6)).await.unwrap());
    let open = privacy_request::unanswered(db.pg(), 9).await.unwrap();
    assert_eq!(open.iter().map(|one| one.id.number()).collect::<Vec<_>>(), [2, 1]);
    let pressing = async |now| privacy_request::pressing(db.pg(), now).await.unwrap();
    assert_eq!(pressing(at(4 + 21 * DAY)).await, 0);
    assert_eq!(pressing(at(5 + 21 * DAY)).await, 1);
    assert_eq!(pressing(at(60 * DAY)).await, 1, "and when they were due");
}

#[tokio::test]
async fn an_erasure_takes_the_name_out_of_other_requests_that_ended() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let proven = async |number: u8, kind, name: &str| {
        made(&db, number, kind, (&format!("{name}.sky.test"), None), at(5)).await;
        let request = get(&db, number.into()).await.unwrap();
        let native_id = format!("did:{name}");
        assert!(privacy_request::prove(db.pg(), &request, &native_id, at(6)).await.unwrap());
    };
    proven(1, Access, "ada").await;
    proven(2, Access, "bob").await;
    assert_eq!(get(&db, 1).await.unwrap().handle.as_deref(), Some("ada.sky.test"));
    proven(3, OptOut, "ada").await;
    for number in [1, 3] {
        let request = get(&db, number).await.unwrap();
        assert_eq!((request.handle, request.about), (None, None), "{number}");
    }
    assert_eq!(get(&db, 2).await.unwrap().handle.as_deref(), Some("bob.sky.test"));
}

#[tokio::test]
async fn a_proof_that_comes_too_late_proves_nothing() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    made(&db, 1, Access, ("ada.sky.test", None), at(0)).await;
    made(&db, 2, OptOut, ("ada.sky.test", None), at(0)).await;
    let late = at(CODE_SECONDS);
    for number in [1, 2] {
        let request = get(&db, number).await.unwrap();
        assert!(!privacy_request::prove(db.pg(), &request, "did:ada", late).await.unwrap());
        let left = get(&db, number).await.unwrap();
        assert_eq!(left.status(late), PrivacyRequestStatus::WithOperator);
    }
    assert!(profile::get(db.pg(), &[ada]).await.unwrap()[0].gone.is_none());
    assert!(audit::newest(db.pg(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn requests_are_deleted_after_their_time() {
    let db = database().await;
    made(&db, 1, Access, ("ada.sky.test", None), at(0)).await;
    made(&db, 2, Access, ("bob.sky.test", None), at(0)).await;
    let ended = get(&db, 1).await.unwrap();
    privacy_request::prove(db.pg(), &ended, "did:ada", at(10)).await.unwrap();
    let swept = async |now| {
        let swept = retention::sweep(db.pg(), now, RetentionPolicy::default()).await;
        swept.unwrap().privacy_requests
    };
    assert_eq!(swept(at(90 * DAY)).await, 0);
    let counts = "select 1 from privacy_request_count";
    assert!(db.client().await.query(counts, &[]).await.unwrap().is_empty());
    assert_eq!(swept(at(90 * DAY + 11)).await, 1);
    assert_eq!((get(&db, 1).await, get(&db, 2).await.is_some()), (None, true));
    assert_eq!(swept(at(118 * DAY)).await, 0);
    assert_eq!(swept(at(118 * DAY + 1)).await, 1);
    assert_eq!(get(&db, 2).await, None);
}
