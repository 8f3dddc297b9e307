//! Exports: ordered once, written part by part, and found where someone was erased.

use model::change::ChangeRange;
use model::charge::ChargeRef;
use model::export::{
    EXPORT_DAYS, ExportFilter, ExportPart, ExportPlace, ExportSource, ExportTerms, HeldIds,
    OPEN_EXPORTS_MAX, PartFile, PartReading,
};
use model::observation::SeenProfile;
use model::{
    ChangePosition, ChargeId, Consent, Export, ExportFormat, ExportId, ExportOrder, ExportState,
    ExportSubject, KeyId, MicroCredits, PayerId, PriceIndex, ProfileId, RunId,
};
use store::StoreError;
use store::pg::erase;
use store::pg::export::{self, ExportOrdered, NewExport, StalePart};
use testkit::{Database, database};

use crate::web::{ACT, at, crawled, id as profile_of, ids, page};

/// An order of payer 1 with this number, under a charge with this one.
fn new(number: u64, charge: u8) -> NewExport<'static> {
    let charge = ChargeRef { payer: PayerId::new(1), charge: ChargeId::new([charge; 20]) };
    let terms = ExportTerms {
        charge,
        request: [7; 32],
        key: KeyId::new(3),
        most: MicroCredits::new(900),
        price_version: "1.7".parse().unwrap(),
        index: PriceIndex::ONE,
        held_until: at(86_400),
    };
    let order = ExportOrder {
        what: ExportSubject::People,
        format: ExportFormat::Parquet,
        filter: ExportFilter::default(),
        source: ExportSource::Run(RunId::new(5)),
    };
    NewExport {
        id: ExportId::new(number),
        order,
        terms,
        others: &[],
        place: ExportPlace::default(),
    }
}

async fn order(db: &Database, number: u64, charge: u8) -> Export {
    match export::order(db.pg(), &new(number, charge), at(0)).await.unwrap() {
        ExportOrdered::New(export) => *export,
        ExportOrdered::Known(export) => panic!("it is {}", export.id),
    }
}

async fn get(db: &Database, export: &Export) -> Export {
    export::get(db.pg(), export.id).await.unwrap().unwrap()
}

/// A reading at this second, after all that was taken back.
fn read(second: i64) -> PartReading {
    PartReading { at: at(second), seen: format!("{0}:{0}:", i64::MAX).parse().unwrap() }
}

fn part(number: u32, held: &[u64]) -> ExportPart {
    let file = PartFile {
        rows: 10,
        bytes: 100,
        sha256: [number as u8; 32],
        held: held.iter().copied().collect::<HeldIds>(),
        by_bio: HeldIds::default(),
        reading: read(10),
    };
    ExportPart { part: number, range: None, file }
}

#[tokio::test]
async fn an_order_is_kept_once_for_its_charge_and_few_are_open() {
    let db = database().await;
    let first = order(&db, 1, 1).await;
    assert_eq!(get(&db, &first).await, first);
    assert_eq!((first.state, first.attempt), (ExportState::Queued, None));
    assert_eq!((first.order, first.terms), (new(1, 1).order, new(1, 1).terms));
    let again = export::order(db.pg(), &new(2, 1), at(5)).await.unwrap();
    assert_eq!(again, ExportOrdered::Known(Box::new(first.clone())));
    // Under the charge of a neighbouring day, too.
    let others = [first.terms.charge];
    let neighbour = NewExport { others: &others, ..new(2, 2) };
    let neighbour = export::order(db.pg(), &neighbour, at(5)).await.unwrap();
    assert_eq!(neighbour, ExportOrdered::Known(Box::new(first.clone())));
    for number in 2..=u64::from(OPEN_EXPORTS_MAX) {
        order(&db, number, number as u8).await;
    }
    let refused = export::order(db.pg(), &new(9, 9), at(5)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    // What ended makes room, and is not in the way of the same order.
    assert!(export::cancel(db.pg(), first.id, at(6)).await.unwrap());
    let second = order(&db, 9, 1).await;
    assert_ne!(second.id, first.id);
    let page = export::of_payer(db.pg(), PayerId::new(1), None, 2).await.unwrap();
    let last = page.last().map(|last| (last.created_at, last.id));
    let rest = export::of_payer(db.pg(), PayerId::new(1), last, 100).await.unwrap();
    let ids: Vec<u64> = page.iter().chain(&rest).map(|one| one.id.number()).collect();
    assert_eq!(ids, [9, 5, 4, 3, 2, 1]);
    assert_eq!(export::of_payer(db.pg(), PayerId::new(2), None, 100).await.unwrap(), []);
}

#[tokio::test]
async fn an_order_that_is_not_held_is_withdrawn_and_a_held_one_is_not() {
    let db = database().await;
    let (one, two) = (order(&db, 1, 1).await, order(&db, 2, 2).await);
    assert!(export::note_held(db.pg(), two.id, 1, at(1)).await.unwrap());
    assert!(export::note_held(db.pg(), two.id, 1, at(2)).await.unwrap(), "twice is once");
    assert!(!export::note_held(db.pg(), two.id, 2, at(2)).await.unwrap());
    for export in [&one, &two] {
        export::withdraw(db.pg(), export.id).await.unwrap();
    }
    assert_eq!(export::get(db.pg(), one.id).await.unwrap(), None);
    assert_eq!(get(&db, &two).await.attempt, Some(1));
    assert!(!export::note_held(db.pg(), one.id, 1, at(3)).await.unwrap());
}

#[tokio::test]
async fn parts_are_added_in_order_and_once_until_it_is_charged() {
    let db = database().await;
    let (pg, export) = (db.pg(), order(&db, 1, 1).await);
    let next = ExportPlace { after: None, row: 1_000 };
    assert!(!export::add_part(pg, export.id, &part(1, &[]), Some(next), at(1)).await.unwrap());
    assert!(export::add_part(pg, export.id, &part(0, &[4]), Some(next), at(1)).await.unwrap());
    assert!(!export::add_part(pg, export.id, &part(0, &[4]), Some(next), at(1)).await.unwrap());
    let running = get(&db, &export).await;
    assert_eq!((running.state, running.place), (ExportState::Running, next));
    assert_eq!((running.parts, running.rows, running.bytes), (1, 10, 100));
    assert!(!export::settle(pg, export.id, MicroCredits::new(5), at(2)).await.unwrap());
    assert!(!export::fail_unheld(pg, export.id, "late", at(2)).await.unwrap());
    assert!(export::add_part(pg, export.id, &part(1, &[5]), None, at(2)).await.unwrap());
    let settling = get(&db, &export).await;
    assert_eq!((settling.state, settling.ended_at), (ExportState::Settling, Some(at(2))));
    assert!(!export::cancel(pg, export.id, at(3)).await.unwrap(), "it is being charged");
    let written = [ExportState::Queued, ExportState::Running];
    assert!(!export::fail(pg, export.id, &written, "late", at(3)).await.unwrap(), "as above");
    assert!(export::settle(pg, export.id, MicroCredits::new(5), at(4)).await.unwrap());
    assert!(!export::settle(pg, export.id, MicroCredits::new(5), at(5)).await.unwrap());
    let open = [ExportState::Queued, ExportState::Running, ExportState::Settling];
    assert!(!export::fail(pg, export.id, &open, "late", at(5)).await.unwrap());
    let done = get(&db, &export).await;
    assert_eq!((done.state, done.cost), (ExportState::Done, Some(MicroCredits::new(5))));
    assert_eq!((done.ended_at, done.expires_at), (Some(at(2)), at(4 + EXPORT_DAYS * 86_400)));
    assert_eq!(export::parts(pg, export.id, &[1, 7]).await.unwrap(), [part(1, &[5])]);
    let manifest = export::manifest(pg, export.id).await.unwrap();
    assert_eq!(manifest.len(), 2);
    assert!(manifest[0].file.held.is_empty(), "the ids are not read");
}

#[tokio::test]
async fn parts_that_name_the_erased_are_found_and_replaced_once() {
    let db = database().await;
    let (pg, export) = (db.pg(), order(&db, 1, 1).await);
    let ada = crawled(pg, page("ada"), &["bob"], at(0)).await;
    let bob = profile_of(pg, "bob").await;
    let next = Some(ExportPlace::default());
    let with = [ada.number(), bob.number()];
    assert!(export::add_part(pg, export.id, &part(0, &with), next, at(11)).await.unwrap());
    assert!(export::add_part(pg, export.id, &part(1, &with[1..]), None, at(12)).await.unwrap());
    export::settle(pg, export.id, MicroCredits::new(5), at(13)).await.unwrap();
    let parts = export::parts(pg, export.id, &[0, 1]).await.unwrap();
    assert_eq!(export::stale(pg, &parts).await.unwrap(), []);
    erase::opt_out_profiles(pg, &[ada], ACT, at(20)).await.unwrap();
    let stale = export::stale(pg, &parts).await.unwrap();
    assert_eq!(stale, [StalePart { part: &parts[0], noted: vec![ada.number()] }]);
    let file = PartFile { rows: 9, bytes: 80, sha256: [9; 32], ..part(0, &with[1..]).file };
    assert!(export::replace_part(pg, export.id, &parts[0], &file).await.unwrap());
    assert!(!export::replace_part(pg, export.id, &parts[0], &file).await.unwrap());
    let replaced = export::parts(pg, export.id, &[0, 1]).await.unwrap();
    assert_eq!(replaced[0].file, file);
    assert_eq!(export::stale(pg, &replaced).await.unwrap(), []);
    let now = get(&db, &export).await;
    assert_eq!((now.rows, now.bytes), (19, 180));
    // An erasure that began before a part was read may have ended after.
    let late = PartFile { reading: read(3_000), ..part(0, &with).file };
    let late = [ExportPart { part: 0, range: None, file: late }];
    assert_eq!(export::stale(pg, &late).await.unwrap().len(), 1);
    let fresh = PartFile { reading: read(4_000), ..part(0, &with).file };
    let fresh = [ExportPart { part: 0, range: None, file: fresh }];
    assert_eq!(export::stale(pg, &fresh).await.unwrap(), []);
}

#[tokio::test]
async fn parts_that_name_who_took_something_back_are_found() {
    let db = database().await;
    let pg = db.pg();
    let bio = |name: &str, text: Option<&str>| {
        let mut page = page(name);
        page.texts.bio = text.map(str::to_owned);
        page
    };
    let ada = crawled(pg, bio("ada", Some("One")), &[], at(0)).await;
    let bob = crawled(pg, bio("bob", None), &[], at(0)).await;
    // Her page was never read: silence lists her.
    let [eve] = ids(pg, ["eve"]).await;
    let reading = export::reading(pg, at(10)).await.unwrap();
    let mut both = part(0, &[ada.number(), bob.number(), eve.number()]);
    both.file.reading = reading.clone();
    let by_bio = PartFile { by_bio: [ada.number()].into_iter().collect(), ..both.file.clone() };
    let parts = [both, ExportPart { part: 1, range: None, file: by_bio }];
    assert_eq!(export::stale(pg, &parts).await.unwrap(), []);
    // What none had is not taken back; a bio matters where it allowed something.
    crawled(pg, bio("bob", Some("Two")), &[], at(4_000)).await;
    crawled(pg, bio("ada", Some("Three")), &[], at(4_000)).await;
    let noted = |part, who: &[u64]| StalePart { part, noted: who.to_vec() };
    let stale = export::stale(pg, &parts).await.unwrap();
    assert_eq!(stale, [noted(&parts[1], &[ada.number()])]);
    for (name, second) in [("bob", 4_001), ("eve", 4_002)] {
        let unlisted = SeenProfile { consent: Consent::UNLISTED, ..page(name) };
        crawled(pg, unlisted, &[], at(second)).await;
    }
    let stale = export::stale(pg, &parts).await.unwrap();
    let [ada, bob, eve] = [ada, bob, eve].map(ProfileId::number);
    assert_eq!(stale, [noted(&parts[0], &[bob, eve]), noted(&parts[1], &[ada, bob, eve])]);
    // What was looked at since is not looked at again.
    let export = order(&db, 1, 1).await;
    let range = ChangeRange { from: ChangePosition::new(7), to: ChangePosition::new(9) };
    let parts = parts.map(|part| ExportPart { range: Some(range), ..part });
    for (part, next) in parts.iter().zip([Some(ExportPlace::default()), None]) {
        assert!(export::add_part(pg, export.id, part, next, at(11)).await.unwrap());
    }
    let later = export::reading(pg, at(20)).await.unwrap();
    export::note_read(pg, export.id, &[0, 1], &later).await.unwrap();
    export::note_read(pg, export.id, &[0], &reading).await.unwrap();
    let looked_at = export::parts(pg, export.id, &[0, 1]).await.unwrap();
    assert!(looked_at.iter().all(|part| part.file.reading == later));
    assert!(looked_at.iter().all(|part| part.range == Some(range)));
    assert_eq!(export::stale(pg, &looked_at).await.unwrap(), []);
}

#[tokio::test]
async fn what_stands_still_and_what_is_useless_is_found() {
    let db = database().await;
    let (pg, one, two) = (db.pg(), order(&db, 1, 1).await, order(&db, 2, 2).await);
    assert_eq!(export::stalled(pg, at(0), 10).await.unwrap(), []);
    assert_eq!(export::stalled(pg, at(1), 10).await.unwrap().len(), 2);
    export::touch(pg, one.id, at(5)).await.unwrap();
    let stalled = export::stalled(pg, at(1), 10).await.unwrap();
    assert_eq!(stalled.iter().map(|one| one.id).collect::<Vec<_>>(), [two.id]);
    let next = Some(ExportPlace::default());
    export::add_part(pg, one.id, &part(0, &[]), next, at(6)).await.unwrap();
    assert_eq!(export::useless(pg, at(7), 10).await.unwrap(), []);
    export::cancel(pg, one.id, at(7)).await.unwrap();
    export::cancel(pg, two.id, at(7)).await.unwrap();
    let useless = export::useless(pg, at(7), 10).await.unwrap();
    assert_eq!(useless.iter().map(|one| one.id).collect::<Vec<_>>(), [one.id], "two has no files");
    export::forget(pg, one.id, at(7)).await.unwrap();
    assert_eq!(export::useless(pg, at(7), 10).await.unwrap(), []);
    assert_eq!(get(&db, &one).await.state, ExportState::Cancelled, "its payer can see it");
    assert_eq!(export::manifest(pg, one.id).await.unwrap(), []);
    let later = at((EXPORT_DAYS + 2) * 86_400);
    assert_eq!(export::useless(pg, later, 10).await.unwrap().len(), 2);
    export::forget(pg, two.id, later).await.unwrap();
    assert_eq!(export::get(pg, two.id).await.unwrap(), None);
}
