//! Grants that come and go: given, expired, given back.

use model::grant::burn_up;
use model::ledger::{GrantExpiry, RecordOutcome, Refund};
use model::time::Timestamp;
use model::{
    Grant, GrantId, GrantKind, LedgerAccount, MicroCredits, PayerId, Transfer, TransferId,
};

use super::grant_row::{UsableGrants, find};
use super::line::{NewLine, lock_payers, met, write};
use super::transfer::transfer_in;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::transaction::PgTransaction;
use crate::pg::value::stored_ms;

const ADD: &str =
    "insert into credit_grant (grant_id, payer_id, kind, priority, effective_ms, expires_ms,
        amount, remaining, in_wallet, expiries, recorded_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $7, false, 0, $8) on conflict do nothing";
const MARK: &str = "update credit_grant set in_wallet = true where grant_id = $1 and not in_wallet";
const COUNT_EXPIRY: &str = "update credit_grant set expiries = expiries + 1 where grant_id = $1";

/// A transaction that holds the row of one payer.
async fn begin<'a>(
    client: &'a mut deadpool_postgres::Object,
    what: &'static str,
    payer: PayerId,
) -> Result<PgTransaction<'a>, StoreError> {
    let tx = PgTransaction::begin(client, what).await?;
    tx.lasting().await?;
    lock_payers(&tx, &[payer.number() as i64]).await?;
    Ok(tx)
}

/// Records a grant of which nothing is used.
pub(super) async fn record(
    pg: &Pg,
    grant: &Grant,
    at: Timestamp,
) -> Result<RecordOutcome, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = begin(&mut client, "ledger::record_grant", grant.payer).await?;
        if let Some(known) = find(&tx, &grant.id).await? {
            let is_same = known.payer == grant.payer && known.amount == grant.amount;
            return Ok(before(is_same));
        }
        if grant.amount <= MicroCredits::ZERO || grant.remaining != grant.amount {
            return Ok(RecordOutcome::Refused);
        }
        add(&tx, grant, at).await?;
        let debit = match grant.kind {
            GrantKind::Paid => LedgerAccount::Cash,
            GrantKind::Promotional => LedgerAccount::Promotion,
        };
        let id = TransferId::Grant { grant: grant.id.clone() };
        let transfer = gift(id, grant.payer, grant.amount, at);
        write_one(&tx, Transfer { debit, ..transfer }).await?;
        tx.commit().await?;
        Ok(RecordOutcome::Recorded)
    })
    .await
}

fn before(is_same: bool) -> RecordOutcome {
    if is_same { RecordOutcome::RecordedBefore } else { RecordOutcome::Differs }
}

/// A line that gives back to a payer; without a detail.
fn gift(id: TransferId, payer: PayerId, amount: MicroCredits, at: Timestamp) -> Transfer {
    let (debit, credit) = (LedgerAccount::Refunds, LedgerAccount::Customer);
    Transfer { id, payer, debit, credit, amount, event_at: at, posted_at: at, detail: None }
}

async fn write_one(tx: &PgTransaction<'_>, transfer: Transfer) -> Result<(), StoreError> {
    write(tx, &[NewLine { transfer, draws: Vec::new() }]).await
}

async fn add(tx: &PgTransaction<'_>, grant: &Grant, at: Timestamp) -> Result<(), StoreError> {
    let params = params![
        grant.id.as_str() => TEXT,
        grant.payer.number() as i64 => INT8,
        grant.kind as i16 => INT2,
        i16::from(grant.priority) => INT2,
        stored_ms(grant.effective_at) => INT8,
        grant.expires_at.map(stored_ms) => INT8,
        grant.amount.micros() => INT8,
        stored_ms(at) => INT8,
    ];
    match tx.execute(ADD, params).await? {
        0 => Err(met(tx, "a grant")),
        _ => Ok(()),
    }
}

/// Notes that the wallet has a grant.
pub(super) async fn mark_in_wallet(pg: &Pg, id: &GrantId) -> Result<(), StoreError> {
    let params = params![id.as_str() => TEXT];
    pg.execute("ledger::mark_in_wallet", MARK, params).await.map(|_| ())
}

/// Takes back a part of a grant.
pub(super) async fn expire(pg: &Pg, expiry: &GrantExpiry) -> Result<RecordOutcome, StoreError> {
    let id = TransferId::Expiry { grant: expiry.grant.clone(), part: expiry.part };
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = begin(&mut client, "ledger::expire", expiry.payer).await?;
        if let Some(known) = transfer_in(&tx, &id).await? {
            return Ok(before(known.amount == expiry.amount && known.payer == expiry.payer));
        }
        let known = find(&tx, &expiry.grant).await?;
        let is_next =
            known.is_some_and(|known| known.expiries == expiry.part && known.payer == expiry.payer);
        if !is_next || expiry.amount <= MicroCredits::ZERO {
            return Ok(RecordOutcome::Refused);
        }
        let mut grants = UsableGrants::read(&tx, &[expiry.payer.number() as i64]).await?;
        let rule = |grants: &[Grant]| burn_up(grants, &expiry.grant, expiry.amount, expiry.at);
        let Ok(draws) = grants.draw(expiry.payer, rule) else {
            return Ok(RecordOutcome::Refused);
        };
        let transfer = gift(id.clone(), expiry.payer, expiry.amount, expiry.at);
        let (debit, credit) = (LedgerAccount::Customer, LedgerAccount::Breakage);
        let transfer = Transfer { debit, credit, ..transfer };
        write(&tx, &[NewLine { transfer, draws }]).await?;
        tx.execute(COUNT_EXPIRY, params![expiry.grant.as_str() => TEXT]).await?;
        tx.commit().await?;
        Ok(RecordOutcome::Recorded)
    })
    .await
}

/// Gives a charge back, as new grants.
pub(super) async fn refund(pg: &Pg, refund: &Refund) -> Result<RecordOutcome, StoreError> {
    let id = TransferId::Refund { charge: refund.charge };
    let charge_id = TransferId::Charge { charge: refund.charge };
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = begin(&mut client, "ledger::refund", refund.payer).await?;
        let amounts = refund.grants.iter().map(|grant| grant.amount);
        let amount = amounts.into_iter().try_fold(MicroCredits::ZERO, MicroCredits::checked_add);
        let charge = transfer_in(&tx, &charge_id).await?;
        let is_right = charge
            .is_some_and(|charge| charge.payer == refund.payer && Some(charge.amount) == amount);
        let (true, Some(amount)) = (is_right && are_given(refund), amount) else {
            return Ok(RecordOutcome::Refused);
        };
        if transfer_in(&tx, &id).await?.is_some() {
            return Ok(RecordOutcome::RecordedBefore);
        }
        for grant in &refund.grants {
            if find(&tx, &grant.id).await?.is_some() {
                return Ok(RecordOutcome::Refused);
            }
            add(&tx, grant, refund.at).await?;
        }
        write_one(&tx, gift(id.clone(), refund.payer, amount, refund.at)).await?;
        tx.commit().await?;
        Ok(RecordOutcome::Recorded)
    })
    .await
}

/// Whether every grant of a refund gives something to who paid.
fn are_given(refund: &Refund) -> bool {
    let is_given = |grant: &Grant| grant.amount > MicroCredits::ZERO && grant.payer == refund.payer;
    refund.grants.iter().all(is_given)
}
