//! What every implementation of [`Wallet`] must do.

use model::charge::{BudgetClaim, ChargeRef, ChargeSource};
use model::port::{PortError, Wallet};
use model::time::Timestamp;
use model::wallet::{AdjustOutcome, ChargeOutcome, LeasePurpose, WalletAdjustment, WalletRefusal};
use model::{
    Charge, ChargeId, ChargeState, CreditLease, Day, GrantId, KeyId, LeaseId, MicroCredits,
    PayerId, PriceClass, PriceItem, TransferId, Usage, WalletBalance,
};

mod charging;
mod funding;
mod holding;
mod leasing;
mod racing;
mod sweeping;

/// Runs the suite on wallets in which nothing is yet. Much of it happens at once: what is done by many
/// must come out as if it was done one after the other.
///
/// # Panics
/// If the implementation breaks a promise of the port.
pub async fn wallet_suite(wallet: &impl Wallet) {
    sweeping::pages_show_what_is_late(wallet).await;
    funding::credits_come_once(wallet).await;
    funding::credits_go_once_and_only_what_is_there(wallet).await;
    funding::a_status_forbids_what_it_says(wallet).await;
    charging::an_answer_is_charged_once(wallet).await;
    charging::replays_are_free_and_bounded(wallet).await;
    charging::what_cannot_be_paid_is_refused(wallet).await;
    charging::a_neighbouring_day_is_looked_at(wallet).await;
    charging::a_budget_is_kept(wallet).await;
    holding::a_hold_is_served_and_posted(wallet).await;
    holding::a_void_hold_leaves_nothing(wallet).await;
    holding::what_was_not_served_is_not_marked(wallet).await;
    leasing::a_lease_pays(wallet).await;
    leasing::a_closed_lease_pays_nothing(wallet).await;
    leasing::quotes_are_few(wallet).await;
    leasing::leases_are_found_by_their_ids(wallet).await;
    sweeping::a_view_shows_what_is_unsettled(wallet).await;
    racing::many_never_overdraw(wallet).await;
    racing::one_request_is_charged_once_by_many(wallet).await;
    racing::first_claims_of_a_budget_keep_its_cap(wallet).await;
    racing::a_lease_that_closes_loses_nothing(wallet).await;
    racing::a_frozen_wallet_is_left_without_leases(wallet).await;
    racing::what_is_settled_by_many_is_settled_once(wallet).await;
}

/// Seconds after 10 o'clock on 22 November 2026.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_341_600 + seconds).expect("these years are in range")
}

pub(crate) fn credits(micros: i64) -> MicroCredits {
    MicroCredits::new(micros)
}

/// The day of [`at`].
pub(crate) const DAY: Day = Day(20_779);

/// A charge of `cost` for request `number`, paid from the balance, by a process of the same number.
pub(crate) fn charge(payer: PayerId, number: u8, cost: i64) -> Charge {
    let mut id = [number; 20];
    id[..8].copy_from_slice(&payer.number().to_be_bytes());
    Charge {
        id: ChargeId::new(id),
        payer,
        key: KeyId::new(7),
        route: "/v1/people".to_owned(),
        request: [number; 32],
        nonce: u64::from(number),
        run: None,
        usage: usage(u64::from(number)),
        cost: credits(cost),
        price_version: "1.29717000".parse().expect("this is a price version"),
        quote: None,
        source: ChargeSource::Balance,
        budget: None,
        state: ChargeState::Served,
        opened_at: at(1),
        served_at: Some(at(2)),
        posted_at: None,
        replays: 0,
    }
}

pub(crate) fn usage(rows: u64) -> Usage {
    Usage::of(PriceClass::Graph).with(PriceItem::ReadCall, 1).with(PriceItem::PersonRow, rows)
}

/// The same charge, to be held at first.
fn held(payer: PayerId, number: u8, most: i64) -> Charge {
    let source = ChargeSource::Hold { most: credits(most), attempt: 1, expires_at: at(60) };
    let (state, served_at, usage) = (ChargeState::Pending, None, Usage::of(PriceClass::Graph));
    Charge { source, state, served_at, usage, ..charge(payer, number, 0) }
}

fn on_lease(lease: LeaseId, charge: Charge) -> Charge {
    Charge { source: ChargeSource::Lease { lease }, ..charge }
}

fn within(cap: i64, charge: Charge) -> Charge {
    Charge { budget: Some(BudgetClaim { day: DAY, cap: credits(cap) }), ..charge }
}

/// The same request, asked again by another process.
fn again(nonce: u64, charge: &Charge) -> Charge {
    Charge { nonce, ..charge.clone() }
}

fn lease(payer: PayerId, number: u64, size: i64) -> CreditLease {
    CreditLease::new(LeaseId::new(number), payer, LeasePurpose::Process, credits(size), at(60))
}

fn gift(payer: PayerId, name: &str, amount: i64) -> WalletAdjustment {
    let grant: GrantId = name.parse().expect("this is the id of a grant");
    WalletAdjustment { payer, id: TransferId::Grant { grant }, amount: credits(amount) }
}

/// A payer with credits.
async fn payer(wallet: &impl Wallet, number: u64, amount: i64) -> PayerId {
    let payer = PayerId::new(number);
    let adjusted = wallet.adjust(&gift(payer, &format!("first-{number}"), amount)).await;
    assert_eq!(adjusted, Ok(AdjustOutcome::Done));
    payer
}

/// Repeats a call for as long as others are in its way.
async fn insist<T>(call: impl AsyncFn() -> Result<T, PortError>, busy: impl Fn(&T) -> bool) -> T {
    for pause in 0..200 {
        match call().await {
            Ok(outcome) if !busy(&outcome) => return outcome,
            Ok(_) | Err(PortError::Retry(_)) => {}
            Err(PortError::Refused(why)) => panic!("{why}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
    }
    panic!("others were in the way for 20 seconds");
}

async fn commit(wallet: &impl Wallet, charge: &Charge, others: &[ChargeRef]) -> ChargeOutcome {
    let busy = |outcome: &ChargeOutcome| *outcome == ChargeOutcome::Contended;
    insist(async || wallet.commit(charge, others).await, busy).await
}

async fn hold(wallet: &impl Wallet, charge: &Charge) -> ChargeOutcome {
    let busy = |outcome: &ChargeOutcome| *outcome == ChargeOutcome::Contended;
    insist(async || wallet.hold(charge, &[]).await, busy).await
}

fn refused(refusal: WalletRefusal) -> ChargeOutcome {
    ChargeOutcome::Refused(refusal)
}

const CHARGED: ChargeOutcome = ChargeOutcome::Charged { attempt: 1 };

async fn balance(wallet: &impl Wallet, payer: PayerId) -> WalletBalance {
    let balance = wallet.balance(payer).await.expect("a balance can be read");
    assert!(balance.is_sound(), "{balance:?}");
    balance
}

/// What is available, held, leased and spent.
async fn parts(wallet: &impl Wallet, payer: PayerId) -> [i64; 4] {
    let balance = balance(wallet, payer).await;
    [balance.available, balance.held, balance.leased, balance.spent].map(MicroCredits::micros)
}

async fn stored(wallet: &impl Wallet, charge: &Charge) -> Option<Charge> {
    let charges = wallet.charges(&[charge.reference()]).await.expect("charges can be read");
    charges.into_iter().next()
}

/// What is claimed of the day's budget of the key of [`charge`], and its cap.
async fn claimed(wallet: &impl Wallet, payer: PayerId, day: Day) -> Option<[i64; 2]> {
    let budget = wallet.budget(payer, KeyId::new(7), day).await.expect("a budget can be read");
    budget.map(|budget| [budget.spent, budget.cap].map(MicroCredits::micros))
}
