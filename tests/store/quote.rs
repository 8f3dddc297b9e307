//! Quotes: no more units of a class and epoch are promised than may be.

use model::{
    Epoch, MicroCredits, PayerId, PriceClass, PriceIndex, PriceItem, PriceVersion, Quote, QuoteId,
    Usage,
};
use store::StoreError;
use store::pg::quote::{self, QuoteReservation, QuotedPart, RETIRED_MAX};
use testkit::database;

use crate::ledger::at;

/// Ten rows for payer 1, issued at second 0.
fn quoted(id: u64) -> Quote {
    Quote {
        id: QuoteId::new(id),
        payer: PayerId::new(1),
        cap: Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 10).with(PriceItem::ReadCall, 1),
        price_version: PriceVersion { floors: 1, epoch: Epoch::of(at(0)) },
        locked: PriceIndex::from_bits(3 << 31),
        issued: at(0),
        expires: at(900),
        max_total: MicroCredits::new(375_000),
    }
}

fn with_rows(id: u64, count: u64) -> Quote {
    let quote = quoted(id);
    Quote { cap: quote.cap.with(PriceItem::RankRow, count), ..quote }
}

/// Reserves a quote whose class may quote this much.
async fn reserve_of(
    db: &testkit::Database,
    quote: &Quote,
    most: u64,
) -> Result<QuoteReservation, StoreError> {
    let units = quote.cap.capacity_units().unwrap_or(u64::MAX);
    quote::reserve(db.pg(), quote, QuotedPart { units, most }).await
}

#[tokio::test]
async fn a_quote_is_kept_once_and_found_by_its_id() {
    let db = database().await;
    let kept = Quote { id: QuoteId::new(u64::MAX), ..quoted(1) };
    assert_eq!(quote::get(db.pg(), kept.id).await.unwrap(), None);
    for _ in 0..2 {
        let reserved = reserve_of(&db, &kept, 10).await.unwrap();
        assert_eq!(reserved, QuoteReservation::Reserved);
    }
    assert_eq!(quote::get(db.pg(), kept.id).await.unwrap(), Some(kept));
    let theirs = Quote { payer: PayerId::new(2), ..kept };
    let error = reserve_of(&db, &theirs, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    assert_eq!(quote::get(db.pg(), kept.id).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn a_class_quotes_as_much_as_it_may_in_each_epoch() {
    let db = database().await;
    let reserve = async |quote: Quote| reserve_of(&db, &quote, 25).await.unwrap();
    let full = |left| QuoteReservation::ClassFull { left };
    assert_eq!(reserve(quoted(1)).await, QuoteReservation::Reserved);
    assert_eq!(reserve(with_rows(2, 16)).await, full(15));
    assert_eq!(quote::get(db.pg(), QuoteId::new(2)).await.unwrap(), None);
    assert_eq!(reserve(with_rows(3, 15)).await, QuoteReservation::Reserved);
    assert_eq!(reserve(with_rows(4, 1)).await, full(0));
    // Other classes, epochs, and what takes no capacity.
    let live = Usage::of(PriceClass::Live).with(PriceItem::LiveCall, 25);
    let others =
        [with_rows(5, 0), Quote { cap: live, ..quoted(6) }, Quote { issued: at(60), ..quoted(7) }];
    for other in others {
        assert_eq!(reserve(other).await, QuoteReservation::Reserved, "{other:?}");
    }
    let uncountable = with_rows(8, u64::MAX);
    let uncountable = Quote { cap: uncountable.cap.with(PriceItem::PersonRow, 1), ..uncountable };
    assert_eq!(reserve_of(&db, &uncountable, u64::MAX).await.unwrap(), full(u64::MAX - 25));
    // What is cancelled can be quoted again.
    quote::cancel(db.pg(), QuoteId::new(3)).await.unwrap();
    quote::cancel(db.pg(), QuoteId::new(3)).await.unwrap();
    assert_eq!(reserve(with_rows(4, 1)).await, QuoteReservation::Reserved);
    assert_eq!(reserve(with_rows(9, 15)).await, full(14));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_never_reserve_more_than_may_be_quoted() {
    let db = database().await;
    let quotes: Vec<Quote> = (0..40)
        .map(|id| Quote { payer: PayerId::new(id % 7), ..with_rows(id, 3 + id % 5) })
        .collect();
    let reserve = async |quote: &Quote| reserve_of(&db, quote, 50).await.unwrap();
    let done = futures::future::join_all(quotes.iter().map(reserve)).await;
    let (mut units, mut refused) = (0, 0);
    for (quote, done) in quotes.iter().zip(done) {
        let is_kept = quote::get(db.pg(), quote.id).await.unwrap().is_some();
        assert_eq!(is_kept, done == QuoteReservation::Reserved);
        match done {
            QuoteReservation::Reserved => units += quote.cap.capacity_units().unwrap(),
            QuoteReservation::ClassFull { left } => {
                assert!(left < 7);
                refused += 1;
            }
        }
    }
    assert!((44..=50).contains(&units) && refused > 25, "{units} {refused}");
}

#[tokio::test]
async fn a_payer_sees_its_own_quotes_until_they_expire() {
    let db = database().await;
    let later = Quote { issued: at(5), expires: at(905), ..quoted(2) };
    let theirs = Quote { payer: PayerId::new(2), ..quoted(3) };
    for one in [quoted(1), later, theirs] {
        reserve_of(&db, &one, 1_000).await.unwrap();
    }
    let of = async |payer, second, limit| {
        quote::of_payer(db.pg(), PayerId::new(payer), at(second), limit).await.unwrap()
    };
    assert_eq!(of(1, 0, 9).await, [later, quoted(1)]);
    assert_eq!(of(1, 0, 1).await, [later]);
    assert_eq!(of(1, 900, u32::MAX).await, [later]);
    assert_eq!(of(1, 905, 9).await, []);
    assert_eq!(of(2, 0, 9).await, [theirs]);
    assert_eq!(of(9, 0, 9).await, []);
}

#[tokio::test]
async fn old_quotes_are_forgotten_in_bounded_steps() {
    let db = database().await;
    reserve_of(&db, &quoted(1), 1_000).await.unwrap();
    let fill = format!(
        "insert into quote select n, payer_id, class, epoch, units, cap, price_version, price_index,
                issued_ms, expires_ms - n, max_total
            from quote, generate_series(2, {RETIRED_MAX} + 2) n"
    );
    db.client().await.batch_execute(&fill).await.unwrap();
    let retire = async |second| quote::retire(db.pg(), at(second)).await.unwrap();
    assert_eq!(retire(800).await, 0);
    assert_eq!(retire(900).await, u64::from(RETIRED_MAX));
    assert_eq!(retire(900).await, 1);
    assert_eq!(retire(900).await, 0);
    assert_eq!(quote::get(db.pg(), QuoteId::new(1)).await.unwrap(), Some(quoted(1)));
    assert_eq!(retire(901).await, 1);
}
