//! Measures how many prices, epochs and quotes one core computes in a second of CPU time:
//! `cargo run --release -p pricing --example measure`.

use std::hint::black_box;
use std::num::NonZeroU64;

use model::time::Timestamp;
use model::{
    Epoch, Excess, PayerId, PriceClass, PriceIndex, PriceItem, PriceVersion, QuoteId, Usage,
};
use pricing::history::{first_epoch, next_epoch};
use pricing::quote::{LockedPrice, QuoteRequest, new_quote};
use pricing::{ChargedRequest, EpochUse, QuoteSigner, QuoteVerifier, charge, index_of, recompute};
use rustix::time::{ClockId, clock_gettime};

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Runs `work` this often and prints how often it would run in a second.
fn measure(name: &str, times: u64, mut work: impl FnMut(u64)) {
    let start = cpu_seconds();
    (0..times).for_each(&mut work);
    let each = (cpu_seconds() - start) / times as f64;
    println!("{name:<24} {:>12.0} a CPU-second ({:.0} ns)", 1.0 / each, each * 1e9);
}

fn main() {
    let page = Usage::of(PriceClass::Graph).with(PriceItem::ReadCall, 1);
    measure("charges", 50_000_000, |at| {
        let usage = page.with(PriceItem::PersonRow, black_box(at));
        let _ = black_box(charge(&usage, PriceIndex::from_bits((1 << 32) + at)));
    });
    measure("indices", 5_000_000, |at| {
        black_box(index_of(Excess::from_bits(black_box(at << 17))));
    });
    let target = NonZeroU64::new(1_000).expect("not 0");
    let mut history = vec![first_epoch(PriceClass::Graph, Epoch::new(0), target)];
    measure("epochs published", 200_000, |at| {
        let recent = EpochUse { used: at * 7_919 % 2_000, target };
        let epoch = Epoch::new(u32::try_from(at + 1).expect("few epochs"));
        history.push(next_epoch(&history, epoch, recent).expect("it follows"));
    });
    measure("histories of 200,000", 3, |_| {
        black_box(recompute(&[], &history)).expect("it is right");
    });
    let payer = PayerId::new(1);
    let now = Timestamp::from_second(1_796_000_000).expect("a time");
    measure("ids of charges", 1_000_000, |at| {
        let key = if at % 2 == 0 { "a" } else { "b" };
        black_box(ChargedRequest::Keyed { key }.ids(payer, black_box(now)));
    });
    quotes(payer, now);
}

fn quotes(payer: PayerId, now: Timestamp) {
    let signer = QuoteSigner::new(&[7; 32]);
    let verifier = QuoteVerifier::new(&[signer.public_bytes()]).expect("a key");
    let cap = Usage::of(PriceClass::Graph).with(PriceItem::PersonRow, 1_000);
    let version = PriceVersion { floors: 1, epoch: Epoch::of(now) };
    let price = LockedPrice { version, index: PriceIndex::ONE };
    let request = QuoteRequest { id: QuoteId::new(1), payer, cap };
    let quote = new_quote(&request, &price, now).expect("a price");
    let signed = signer.sign(&quote);
    println!("a signed quote has {} bytes", signed.len());
    measure("quotes signed", 20_000, |_| {
        black_box(signer.sign(black_box(&quote)));
    });
    measure("quotes verified", 20_000, |_| {
        black_box(verifier.verify(black_box(&signed), payer, now)).expect("it is right");
    });
}
