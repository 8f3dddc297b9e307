//! Those who act besides handlers: meters, the sweeper, the auditor, an operator. Some are careless on
//! purpose.

use model::charge::{ChargeRef, ChargeState};
use model::ledger::GrantExpiry;
use model::port::{Ledger, PortError, Wallet};
use model::wallet::WalletAdjustment;
use model::{Charge, Grant, MicroCredits, TransferId};

use super::world::{QueuedBell, StepAside, World};
use crate::audit::{Audited, audit_payer};
use crate::doorbell::Doorbell;
use crate::example::served_charge;
use crate::grants::{RefundOutcome, fund, refund};
use crate::instant::after;
use crate::post::{DoorbellVerdict, post};
use crate::sweep::sweep;
use crate::twin::Flaw;

/// Pages of each kind in one sweep.
const SWEEP_PAGES: usize = 4;

/// Posts what a batch of messages rings for. Messages that are to be rung again go back.
pub(super) async fn meter(world: &World, batch: Vec<QueuedBell>) {
    let done = match world.flaw {
        Some(Flaw::ClaimBeforePost) => claim_and_post(world, &batch).await,
        Some(Flaw::MarkBeforePost) => mark_and_post(world, &batch).await,
        Some(Flaw::TrustTheMessage) => post_as_told(world, &batch).await,
        _ => post_batch(world, &batch).await,
    };
    if done.is_err() {
        world.note(|notes| notes.failures += 1);
        world.queue(|queue| queue.extend(batch));
    }
}

async fn post_batch(world: &World, batch: &[QueuedBell]) -> Result<(), PortError> {
    let bells: Vec<ChargeRef> = batch.iter().map(|bell| bell.charge).collect();
    let verdicts = post(&world.wallet, &world.ledger, &bells, world.now()).await?;
    for (&bell, verdict) in batch.iter().zip(verdicts) {
        match verdict {
            DoorbellVerdict::Posted | DoorbellVerdict::Nothing => {}
            DoorbellVerdict::Later { .. } => {
                world.note(|notes| notes.uncovered += 1);
                world.queue(|queue| queue.push(bell));
            }
            DoorbellVerdict::Wrong => world.note(|notes| notes.wrong += 1),
        }
    }
    Ok(())
}

/// Careless: who dies after the claim never posts.
async fn claim_and_post(world: &World, batch: &[QueuedBell]) -> Result<(), PortError> {
    let is_new = |bell: &&QueuedBell| world.note(|notes| notes.claims.insert(bell.charge.charge));
    let new: Vec<QueuedBell> = batch.iter().filter(is_new).copied().collect();
    StepAside::default().await;
    post_batch(world, &new).await
}

/// Careless: who dies after the mark never posts.
async fn mark_and_post(world: &World, batch: &[QueuedBell]) -> Result<(), PortError> {
    let bells: Vec<ChargeRef> = batch.iter().map(|bell| bell.charge).collect();
    let mut charges = world.wallet.charges(&bells).await?;
    charges.retain(|charge| charge.state == ChargeState::Served);
    world.wallet.mark_posted(&bells, world.now()).await?;
    world.ledger.post(&charges, world.now()).await.map(|_| ())
}

/// Careless: posts the amount in the message, of whatever state the charge is.
async fn post_as_told(world: &World, batch: &[QueuedBell]) -> Result<(), PortError> {
    let now = world.now();
    let with_amount = batch.iter().filter(|bell| bell.amount > MicroCredits::ZERO);
    let charges: Vec<Charge> =
        with_amount.map(|bell| served_charge(bell.charge, bell.amount, now)).collect();
    world.ledger.post(&charges, now).await?;
    let bells: Vec<ChargeRef> = batch.iter().map(|bell| bell.charge).collect();
    world.wallet.mark_posted(&bells, now).await.map(|_| ())
}

/// Sweeps once.
pub(super) async fn sweeper(world: &World) {
    if world.has(Flaw::ExpireWithoutWallet) && expire_in_ledger(world).await.is_err() {
        world.note(|notes| notes.failures += 1);
    }
    // Its clock is up to five minutes wrong.
    let skew = world.dice(|dice| dice.below(600)) as i64 - 300;
    let now = after(world.now(), skew);
    let swept = match world.has(Flaw::NeverRingAgain) {
        true => sweep(&world.wallet, &world.ledger, &Silence, now, SWEEP_PAGES).await,
        false => sweep(&world.wallet, &world.ledger, world, now, SWEEP_PAGES).await,
    };
    world.note(|notes| match swept {
        Ok(report) => notes.expiries += report.expired,
        Err(_) => notes.failures += 1,
    });
}

/// A doorbell without a sound.
struct Silence;

impl Doorbell for Silence {
    async fn ring(&self, _: &[ChargeRef]) -> Result<(), PortError> {
        Ok(())
    }
}

/// Careless: the wallet still has what the ledger takes back.
async fn expire_in_ledger(world: &World) -> Result<(), PortError> {
    let at = world.now();
    for grant in world.ledger.overdue_grants(at, None).await?.items {
        let (payer, part, amount) = (grant.payer, grant.expiries, grant.remaining);
        let expiry = GrantExpiry { payer, grant: grant.id, part, amount, at };
        world.ledger.expire(&expiry).await?;
    }
    Ok(())
}

/// Audits one payer while everybody acts.
pub(super) async fn auditor(world: &World, payer: model::PayerId) {
    let audited = audit_payer(&world.wallet, &world.ledger, payer).await;
    world.note(|notes| {
        notes.audits += 1;
        match audited {
            Ok(Audited::Equal) => {}
            Ok(Audited::Moving) => notes.audits_moving += 1,
            Ok(Audited::Differs(_)) => notes.audit_differences += 1,
            Err(_) => notes.failures += 1,
        }
    });
}

/// Gives a grant, and once more, as callbacks of payments come twice.
pub(super) async fn operator(world: &World, grant: Grant) {
    for _ in 0..2 {
        let done = match world.has(Flaw::WalletBeforeLedger) {
            true => give_to_wallet_first(world, &grant).await,
            false => fund(&world.wallet, &world.ledger, &grant, world.now()).await.map(|_| ()),
        };
        if done.is_err() {
            world.note(|notes| notes.failures += 1);
        }
    }
}

/// Careless: what may be spent then is not covered after a death here.
async fn give_to_wallet_first(world: &World, grant: &Grant) -> Result<(), PortError> {
    let id = TransferId::Grant { grant: grant.id.clone() };
    let (payer, amount) = (grant.payer, grant.amount);
    world.wallet.adjust(&WalletAdjustment { payer, id, amount }).await?;
    world.ledger.record_grant(grant, world.now()).await?;
    world.ledger.mark_in_wallet(&grant.id).await
}

/// Gives a charge back.
pub(super) async fn refunder(world: &World, charge: ChargeRef) {
    let done = refund(&world.wallet, &world.ledger, charge, world.now()).await;
    world.note(|notes| match done {
        Ok(RefundOutcome::Refunded { .. }) => notes.refunds += 1,
        Ok(_) => {}
        Err(_) => notes.failures += 1,
    });
}
