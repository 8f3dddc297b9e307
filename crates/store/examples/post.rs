//! How many charges a ledger in PostgreSQL takes a second: `post DATABASE_URL [CHARGES] [BATCH] [PAYERS]`, on a
//! database that has run the migrations.

use std::error::Error;
use std::time::Instant;

use model::ledger::PostVerdict;
use model::port::Ledger;
use model::time::Timestamp;
use model::{
    Charge, ChargeId, ChargeSource, ChargeState, Grant, GrantKind, KeyId, MicroCredits, PayerId,
    PriceClass, PriceItem, Usage,
};
use store::Pg;
use store::pg::ledger::PgLedger;

/// How many grants each payer has.
const GRANTS: u64 = 3;

fn charge(number: u64, payers: u64) -> Charge {
    let at = Timestamp::from_second(1_795_341_600).unwrap_or_default();
    // Ids are hashes, so neighbours lie far apart.
    let hash = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    let mut id = [7; 20];
    id[..8].copy_from_slice(&hash.to_be_bytes());
    id[8..16].copy_from_slice(&number.to_be_bytes());
    Charge {
        id: ChargeId::new(id),
        payer: PayerId::new(1 + hash % payers),
        key: KeyId::new(7),
        route: "/v1/communities/{id}/people".to_owned(),
        request: [0; 32],
        nonce: 0,
        run: None,
        usage: Usage::of(PriceClass::Graph)
            .with(PriceItem::ReadCall, 1)
            .with(PriceItem::PersonRow, 20),
        cost: MicroCredits::new(1_000 + (hash % 20_000) as i64),
        price_version: "1.29717000".parse().expect("this is a price version"),
        quote: None,
        source: ChargeSource::Balance,
        budget: None,
        state: ChargeState::Served,
        opened_at: at,
        served_at: Some(at),
        posted_at: None,
        replays: 0,
    }
}

async fn give(ledger: &PgLedger, payers: u64, charges: u64) -> Result<(), Box<dyn Error>> {
    // Each grant but the last is used up on the way.
    let size = 21_000 * (1 + charges / payers / GRANTS) as i64;
    for payer in 1..=payers {
        for number in 0..GRANTS {
            let size = if number + 1 == GRANTS { 10 * size } else { size / 2 };
            let id = format!("pay-{payer}-{number}").parse()?;
            let amount = MicroCredits::new(size);
            let grant = Grant::new(id, PayerId::new(payer), GrantKind::Paid, amount);
            ledger.record_grant(&grant, Timestamp::UNIX_EPOCH).await?;
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("give the URL of a database")?;
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (count, batch, payers) = (number(100_000)?, number(1_000)?, number(1_000)?);
    let ledger = PgLedger::new(Pg::connect(&url, 1).await?);
    give(&ledger, payers, count).await?;
    let charges: Vec<Charge> = (0..count).map(|number| charge(number, payers)).collect();
    let began = Instant::now();
    let mut posted = 0;
    for some in charges.chunks(batch as usize) {
        let verdicts = ledger.post(some, Timestamp::UNIX_EPOCH).await?;
        posted += verdicts.iter().filter(|verdict| **verdict == PostVerdict::Posted).count();
    }
    let seconds = began.elapsed().as_secs_f64();
    let totals = ledger.totals().await?;
    println!(
        "{posted} of {count} charges posted in {seconds:.2} s: {:.0}/s",
        posted as f64 / seconds
    );
    println!("ledger_sum {}, customers - grants {}", totals.sum(), totals.customers_less_grants());
    Ok(())
}
