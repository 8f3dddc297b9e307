//! What quotes promise, what they cost, and each way in which one does not apply.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Epoch, PriceItem};
use proptest::prelude::*;

use super::*;

const OWNER: PayerId = PayerId::new(5);

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + second).unwrap()
}

fn rows(count: u64) -> Usage {
    Usage::of(PriceClass::Graph).with(PriceItem::RankRow, count)
}

fn price(index: u64) -> LockedPrice {
    let version = PriceVersion { floors: 1, epoch: Epoch::of(second(0)) };
    LockedPrice { version, index: PriceIndex::from_bits(index) }
}

fn quote(cap: Usage, index: u64) -> Quote {
    let request = QuoteRequest { id: QuoteId::new(77), payer: OWNER, cap };
    new_quote(&request, &price(index), second(0)).unwrap()
}

fn signer() -> QuoteSigner {
    QuoteSigner::new(&[3; 32])
}

/// The keys of the signer and of another one.
fn verifier() -> QuoteVerifier {
    let other = QuoteSigner::new(&[2; 32]);
    QuoteVerifier::new(&[other.public_bytes(), signer().public_bytes()]).unwrap()
}

fn error(signed: &str) -> QuoteError {
    verifier().verify(signed, OWNER, second(1)).unwrap_err()
}

proptest! {
    #[test]
    fn a_signed_quote_reads_back(
        counts in proptest::collection::vec(0u64..1 << 40, PriceItem::ALL.len()),
        index in 1u64 << 32..=8 << 32, id: u64, payer: u64,
    ) {
        let cap = PriceItem::ALL.into_iter().zip(counts);
        let cap = cap.fold(Usage::of(PriceClass::Export), |cap, (item, count)| cap.with(item, count));
        let request = QuoteRequest { id: QuoteId::new(id), payer: PayerId::new(payer), cap };
        let quote = new_quote(&request, &price(index), second(0)).unwrap();
        let read = verifier().verify(&signer().sign(&quote), quote.payer, second(899));
        prop_assert_eq!(read, Ok(quote));
    }

    #[test]
    fn no_changed_quote_is_accepted(at in 0usize..700, change in 1u8..128) {
        let mut signed = signer().sign(&quote(rows(9), 1 << 33)).into_bytes();
        let at = at % signed.len();
        signed[at] = (signed[at] ^ change) & 127;
        let signed = String::from_utf8(signed).unwrap();
        let refused = [QuoteError::Malformed, QuoteError::UnknownKey, QuoteError::BadSignature];
        prop_assert!(refused.contains(&error(&signed)));
    }

    /// However a quote is used up, what is set aside for it covers its units, up to the micro-credit by
    /// which each charge is rounded.
    #[test]
    fn charges_within_the_cap_cost_at_most_the_maximum_and_a_rounding_each(
        locked in 1u64 << 32..=8 << 32,
        uses in proptest::collection::vec(0u64..50, 1..40),
    ) {
        let quote = quote(rows(uses.iter().sum()), locked);
        let costs = uses.iter().map(|&count| quoted_cost(&quote, &rows(count)).unwrap().micros());
        let sum: i64 = costs.sum();
        let most = quote.max_total.micros();
        prop_assert!((most..most + uses.len() as i64).contains(&sum));
    }

    /// Who asks makes no difference to what is promised.
    #[test]
    fn two_payers_get_the_same_quote(a: u64, b: u64, count in 0u64..1 << 40, index in 1u64 << 32..=8 << 32) {
        let of = |payer| {
            let request = QuoteRequest { id: QuoteId::new(1), payer: PayerId::new(payer), cap: rows(count) };
            new_quote(&request, &price(index), second(0)).unwrap()
        };
        prop_assert_eq!(Quote { payer: OWNER, ..of(a) }, Quote { payer: OWNER, ..of(b) });
    }
}

#[test]
fn a_quote_locks_an_index_for_a_quarter_of_an_hour_and_has_a_maximum() {
    let quote = quote(rows(10), 3 << 31);
    assert_eq!((quote.issued, quote.expires), (second(0), second(900)));
    assert_eq!(quote.max_total, MicroCredits::new(300_000));
    assert_eq!(quoted_cost(&quote, &quote.cap), Ok(quote.max_total));
    let late = QuoteRequest { id: quote.id, payer: OWNER, cap: rows(u64::MAX) };
    assert_eq!(new_quote(&late, &price(1 << 32), second(0)), Err(PriceError::TooMuch));
}

#[test]
fn a_quote_prices_its_class_at_its_index_whatever_its_cap() {
    let quote = quote(rows(10), 2 << 32);
    let cost = |count| quoted_cost(&quote, &rows(count)).map(MicroCredits::micros);
    assert_eq!([0, 1, 10, 11].map(cost), [0, 40_000, 400_000, 440_000].map(Ok));
    assert_eq!(cost(u64::MAX), Err(QuoteError::Price(PriceError::TooMuch)));
    let wrong = QuoteError::WrongClass { class: PriceClass::Graph };
    assert_eq!(quoted_cost(&quote, &Usage::of(PriceClass::Live)), Err(wrong));
    assert_eq!(wrong.to_string(), "it is for the class graph");
}

#[test]
fn foreign_expired_and_future_quotes_are_refused_each_with_its_name() {
    let quote = quote(rows(10), 1 << 32);
    let signed = signer().sign(&quote);
    let at = |payer, at| verifier().verify(&signed, PayerId::new(payer), second(at)).err();
    let expired = Some(QuoteError::Expired { expires: second(900) });
    assert_eq!((at(5, 0), at(5, 899), at(5, 900), at(5, 1_200)), (None, None, expired, expired));
    assert_eq!((at(6, 0), at(6, 2_000)), (Some(QuoteError::Foreign), Some(QuoteError::Foreign)));
    // Another server's clock is up to five minutes behind.
    assert_eq!((at(5, -600), at(5, -601)), (None, Some(QuoteError::FromFuture)));
    assert_eq!(admits(&quote, OWNER, Timestamp::MIN), Err(QuoteError::FromFuture));
    assert!(admits(&quote, OWNER, Timestamp::MAX).is_err());
}

#[test]
fn what_is_no_quote_of_ours_is_refused_each_with_its_name() {
    let quote = quote(rows(10), 1 << 32);
    let signed = signer().sign(&quote);
    let parts: Vec<&str> = signed.split('.').collect();
    let json = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let unsigned = format!("{}.{}.", json(r#"{"alg":"none","kid":""}"#), parts[1]);
    let other = QuoteSigner::new(&[9; 32]).sign(&quote);
    let swapped = format!("{}.{}.{}", parts[0], parts[1], other.rsplit('.').next().unwrap());
    let none = json(r#"{"alg":"none","kid":"x"}"#);
    let wrong_algorithm = format!("{none}.{}.{}", parts[1], parts[2]);
    for text in ["", "a.b", "a.b.c", &unsigned, &wrong_algorithm, &signed[1..], &"a".repeat(5_000)]
    {
        assert_eq!(error(text), QuoteError::Malformed, "{text}");
    }
    assert_eq!(error(&format!("{signed}.{}", parts[2])), QuoteError::BadSignature);
    assert_eq!(error(&other), QuoteError::UnknownKey);
    assert_eq!(error(&swapped), QuoteError::BadSignature);
    assert!(QuoteVerifier::new(&[[2; 32]]).is_none(), "no point of the curve");
}

#[test]
fn longer_texts_are_not_looked_at() {
    let other = QuoteSigner::new(&[9; 32]).sign(&quote(rows(10), 1 << 32));
    let (start, signature) = other.rsplit_once('.').unwrap();
    let of_length = |length: usize| {
        let padding = "a".repeat(length - other.len());
        error(&format!("{start}{padding}.{signature}"))
    };
    assert_eq!(of_length(4_096), QuoteError::UnknownKey);
    assert_eq!(of_length(4_097), QuoteError::Malformed);
    assert_eq!(of_length(5_000), QuoteError::Malformed);
}

#[test]
fn the_form_of_a_signed_quote_and_of_a_key_never_changes() {
    let quote = quote(rows(10), 1 << 32);
    let signed = signer().sign(&quote);
    let header = r#"{"alg":"EdDSA","kid":"nRIE2VmKdMjL1JD7tbV7fXVgXxmv0GKnMFWRUJMTf9Q"}"#;
    let claims = concat!(
        r#"{"jti":"qt_2d","sub":"acc_5","iat":1796000000,"exp":1796000900,"#,
        r#""cap":{"class":"graph","units":{"row.rank":10}},"price_version":"1.29933333","#,
        r#""index":4294967296,"max_total":200000}"#,
    );
    let signature = concat!(
        "dHblpvbvH8aZynXlRa6aSGyDzWOKtCv9yPDWbN70vCq",
        "en7Bf16MBpT2HkFj-G2ysySTvEKc6CAQSgsnZLxbdCw",
    );
    let parts = [URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)];
    assert_eq!(signed, format!("{}.{}.{signature}", parts[0], parts[1]));
    assert_eq!(
        signer().public_key(),
        concat!(
            r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","#,
            r#""kid":"nRIE2VmKdMjL1JD7tbV7fXVgXxmv0GKnMFWRUJMTf9Q","#,
            r#""x":"7UkoxijRwsbq6QM4kFmVYSlZJzpcY_k2NsFGFKyHN9E"}"#,
        )
    );
    assert_eq!(
        format!("{:?}", signer()),
        "QuoteSigner { kid: \"nRIE2VmKdMjL1JD7tbV7fXVgXxmv0GKnMFWRUJMTf9Q\", .. }"
    );
}

#[test]
fn an_epoch_quotes_a_tenth_of_the_target() {
    assert_eq!([0, 60, 100, 101].map(|quoted| quotable_units(1_005, quoted)), [100, 40, 0, 0]);
    assert_eq!(quotable_units(9, 0), 0);
}

#[test]
fn a_quote_takes_its_units_or_as_many_as_cost_the_same() {
    let quoted = |usage| quoted_units(&usage).unwrap();
    let graph = Usage::of(PriceClass::Graph);
    assert_eq!(quoted(graph.with(PriceItem::PersonRow, 200)), 200);
    // Calls take no capacity of graphs, and cost.
    assert_eq!(quoted(graph.with(PriceItem::RankRow, 1).with(PriceItem::ReadCall, 1_000)), 251);
    assert_eq!(quoted(graph), 0);
}
