//! What every implementation of [`Ledger`] must do.

use model::ledger::{DrawnTransfer, PostVerdict, RecordOutcome};
use model::port::Ledger;
use model::{Charge, Grant, GrantDraw, GrantId, GrantKind, MicroCredits, PayerId, TransferId};

use crate::wallet::{at, charge, credits};

mod granting;
mod posting;
mod reading;

/// Runs the suite on a ledger in which nothing is yet.
///
/// # Panics
/// If the implementation breaks a promise of the port.
pub async fn ledger_suite(ledger: &impl Ledger) {
    granting::a_grant_is_recorded_once(ledger).await;
    granting::grants_are_found_until_the_wallet_has_them(ledger).await;
    posting::charges_are_posted_once_in_the_order_of_use(ledger).await;
    posting::what_is_uncovered_stops_no_other(ledger).await;
    posting::draws_are_as_of_the_time_of_serving(ledger).await;
    granting::a_grant_expires_part_by_part(ledger).await;
    granting::a_charge_is_given_back_once(ledger).await;
    reading::lines_are_read_by_period(ledger).await;
    reading::statements_are_kept(ledger).await;
    posting::many_post_the_same_once(ledger).await;
    posting::many_never_draw_more_than_there_is(ledger).await;
    reading::everything_adds_up(ledger).await;
}

fn id(name: &str) -> GrantId {
    name.parse().expect("this is the id of a grant")
}

fn grant(payer: PayerId, name: &str, amount: i64) -> Grant {
    Grant::new(id(name), payer, GrantKind::Paid, credits(amount))
}

async fn record(ledger: &impl Ledger, grant: &Grant) {
    assert_eq!(ledger.record_grant(grant, at(0)).await, Ok(RecordOutcome::Recorded));
}

/// What is left of the payer's grants, by id.
async fn left(ledger: &impl Ledger, payer: PayerId) -> Vec<i64> {
    let known = ledger.payer(payer).await.expect("a payer can be read");
    assert!(known.grants.is_sorted_by_key(|grant| grant.id.clone()));
    let sum: i64 = known.grants.iter().map(|grant| grant.remaining.micros()).sum();
    assert_eq!(known.credited.micros() - known.debited.micros(), sum, "{known:?}");
    known.grants.iter().map(|grant| grant.remaining.micros()).collect()
}

async fn post(ledger: &impl Ledger, charges: &[Charge]) -> Vec<PostVerdict> {
    ledger.post(charges, at(10)).await.expect("served charges can be posted")
}

async fn line(ledger: &impl Ledger, id: TransferId) -> Option<DrawnTransfer> {
    let lines = ledger.transfers(&[id]).await.expect("lines can be read");
    lines.into_iter().next()
}

async fn draws(ledger: &impl Ledger, charge: &Charge) -> Vec<GrantDraw> {
    let line = line(ledger, TransferId::Charge { charge: charge.id }).await;
    line.map(|line| line.draws).unwrap_or_default()
}

fn draw(name: &str, amount: i64) -> GrantDraw {
    GrantDraw { grant: id(name), amount: credits(amount) }
}

/// The sums of a payer: credited and debited.
async fn sums(ledger: &impl Ledger, payer: PayerId) -> [i64; 2] {
    let known = ledger.payer(payer).await.expect("a payer can be read");
    [known.credited, known.debited].map(MicroCredits::micros)
}
