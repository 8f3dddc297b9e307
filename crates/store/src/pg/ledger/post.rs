//! Posting charges.

use std::collections::{BTreeSet, HashMap};

use model::grant::burn_down;
use model::ledger::PostVerdict;
use model::time::Timestamp;
use model::{Charge, ChargeId, MicroCredits, Transfer};

use super::grant_row::UsableGrants;
use super::line::{NewLine, lock_payers, write};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::{column, params};
use crate::pg::row::TRANSFER;
use crate::pg::transaction::PgTransaction;

const KNOWN: &str =
    "select transfer_id, payer_id, amount from transfer where transfer_id = any($1)";

/// Posts served charges, in one transaction for all.
pub(super) async fn post(
    pg: &Pg,
    charges: &[Charge],
    at: Timestamp,
) -> Result<Vec<PostVerdict>, StoreError> {
    let payers: BTreeSet<i64> = charges.iter().map(|one| one.payer.number() as i64).collect();
    let payers: Vec<i64> = payers.into_iter().collect();
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "ledger::post").await?;
        tx.lasting().await?;
        lock_payers(&tx, &payers).await?;
        let (known, grants) =
            futures::try_join!(known(&tx, charges), UsableGrants::read(&tx, &payers))?;
        let mut batch = PostBatch { at, known, grants, lines: Vec::new() };
        let verdicts = charges.iter().map(|charge| batch.add(charge)).collect();
        if !batch.lines.is_empty() {
            write(&tx, &batch.lines).await?;
            tx.commit().await?;
        }
        Ok(verdicts)
    })
    .await
}

/// Which of the charges the ledger has, with their amounts.
async fn known(
    tx: &PgTransaction<'_>,
    charges: &[Charge],
) -> Result<HashMap<ChargeId, MicroCredits>, StoreError> {
    let ids = column(charges, |charge| charge.id.to_string());
    let rows = tx.query(KNOWN, params![ids => TEXT_ARRAY]).await?;
    let mut known = HashMap::new();
    for row in TRANSFER.rows(&rows) {
        known.insert(row.parsed("transfer_id")?, MicroCredits::new(row.get("amount")?));
    }
    Ok(known)
}

/// Charges on their way into the ledger.
struct PostBatch {
    at: Timestamp,
    known: HashMap<ChargeId, MicroCredits>,
    grants: UsableGrants,
    lines: Vec<NewLine>,
}

impl PostBatch {
    fn add(&mut self, charge: &Charge) -> PostVerdict {
        match self.known.get(&charge.id) {
            Some(posted) if *posted == charge.cost => return PostVerdict::PostedBefore,
            Some(posted) => return PostVerdict::Differs { posted: *posted },
            None => {}
        }
        let transfer = Transfer::of_charge(charge, self.at);
        let served_at = transfer.event_at;
        let drawn =
            self.grants.draw(charge.payer, |grants| burn_down(grants, charge.cost, served_at));
        match drawn {
            Err(short) => PostVerdict::Uncovered { missing: short.missing },
            Ok(draws) => {
                self.known.insert(charge.id, charge.cost);
                self.lines.push(NewLine { transfer, draws });
                PostVerdict::Posted
            }
        }
    }
}
