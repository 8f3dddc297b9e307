//! How many charges a ledger in PostgreSQL takes a second, by one connection.

use std::time::Instant;

use anyhow::{Result, ensure};
use model::charge::{ChargeSource, ChargeState};
use model::ledger::PostVerdict;
use model::port::{Clock, Ledger};
use model::{
    Charge, ChargeId, Epoch, Grant, GrantKind, KeyId, MicroCredits, PayerId, PriceClass, PriceItem,
    PriceVersion, Timestamp, Usage,
};
use serde::Serialize;
use store::Pg;
use store::clock::System;
use store::pg::ledger::PgLedger;

use crate::home::BorgHome;

/// Charges of one call.
const BATCH: usize = 1_000;

/// The most charges that are posted, of this many payers with this many grants each.
const CHARGES_MAX: u64 = 100_000;
const PAYERS: u64 = 100;
const GRANTS: u64 = 3;

/// The first of these payers, beyond those of the requests.
const FIRST_PAYER: u64 = 1_000_000;

/// What posting takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct PostingFigures {
    charges_per_second: f64,
    batch: usize,
    connections: usize,
}

/// Posts new charges, and nothing else.
pub(super) async fn posting(home: &BorgHome, charges: u64) -> Result<PostingFigures> {
    let (count, now) = (charges.min(CHARGES_MAX), System.now());
    let ledger = PgLedger::new(Pg::connect(home.url(), 1).await?);
    give(&ledger, count, now).await?;
    let charges: Vec<Charge> = (0..count).map(|number| charge(number, now)).collect();
    let began = Instant::now();
    let mut posted = 0;
    for some in charges.chunks(BATCH) {
        let verdicts = ledger.post(some, now).await?;
        posted += verdicts.iter().filter(|&&verdict| verdict == PostVerdict::Posted).count();
    }
    let charges_per_second = (count as f64 / began.elapsed().as_secs_f64()).round();
    ensure!(posted as u64 == count, "{posted} of {count} charges were posted");
    Ok(PostingFigures { charges_per_second, batch: BATCH, connections: 1 })
}

/// Each grant but a payer's last is used up on the way.
async fn give(ledger: &PgLedger, charges: u64, now: Timestamp) -> Result<()> {
    let size = 21_000 * (1 + charges / PAYERS / GRANTS) as i64;
    for payer in FIRST_PAYER..FIRST_PAYER + PAYERS {
        for number in 0..GRANTS {
            let size = if number + 1 == GRANTS { 10 * size } else { size / 2 };
            let id = format!("posting-{payer}-{number}").parse()?;
            let (payer, amount) = (PayerId::new(payer), MicroCredits::new(size));
            let grant = Grant::new(id, payer, GrantKind::Paid, amount);
            ledger.record_grant(&grant.effective(now), now).await?;
        }
    }
    Ok(())
}

fn charge(number: u64, at: Timestamp) -> Charge {
    // Ids are hashes, so neighbours lie far apart.
    let hash = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    let mut id = [7; 20];
    id[..8].copy_from_slice(&hash.to_be_bytes());
    id[8..16].copy_from_slice(&number.to_be_bytes());
    Charge {
        id: ChargeId::new(id),
        payer: PayerId::new(FIRST_PAYER + hash % PAYERS),
        key: KeyId::new(7),
        route: "/v1/communities/{id}/people".to_owned(),
        request: [0; 32],
        nonce: 0,
        run: None,
        usage: Usage::of(PriceClass::Graph)
            .with(PriceItem::ReadCall, 1)
            .with(PriceItem::PersonRow, 20),
        cost: MicroCredits::new(1_000 + (hash % 20_000) as i64),
        price_version: PriceVersion { floors: 1, epoch: Epoch::of(at) },
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
