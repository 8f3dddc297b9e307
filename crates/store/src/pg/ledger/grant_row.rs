//! Grants as rows, and the grants of payers while these are locked.

use std::collections::HashMap;

use model::grant::GrantsShort;
use model::{Grant, GrantDraw, GrantId, GrantKind, MicroCredits, PayerId};

use super::line::NumberedDraw;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{CREDIT_GRANT, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::from_ms;

/// The columns of a table `g` of grants.
macro_rules! grant_columns {
    () => {
        "g.grant_number, g.grant_id, g.payer_id, g.kind, g.priority, g.effective_ms, g.expires_ms, \
         g.amount, g.remaining, g.in_wallet, g.expiries, g.recorded_ms"
    };
}
pub(super) use grant_columns;

const GRANT: &str =
    concat!("select ", grant_columns!(), " from credit_grant g where g.grant_id = $1");
const USABLE: &str = concat!(
    "select ",
    grant_columns!(),
    " from credit_grant g where g.payer_id = any($1) and g.remaining > 0"
);

/// A grant by its id.
pub(super) async fn grant(pg: &Pg, id: &GrantId) -> Result<Option<Grant>, StoreError> {
    let rows = pg.query("ledger::grant", GRANT, params![id.as_str() => TEXT]).await?;
    CREDIT_GRANT.rows(&rows).next().map(from_row).transpose()
}

/// The same within a transaction.
pub(super) async fn find(
    tx: &PgTransaction<'_>,
    id: &GrantId,
) -> Result<Option<Grant>, StoreError> {
    let rows = tx.query(GRANT, params![id.as_str() => TEXT]).await?;
    CREDIT_GRANT.rows(&rows).next().map(from_row).transpose()
}

pub(super) fn from_row(row: TableRow<'_>) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: row.parsed("grant_id")?,
        payer: PayerId::new(row.get::<i64>("payer_id")? as u64),
        kind: row.number("kind", GrantKind::from_number)?,
        priority: row.number("priority", Some)?,
        effective_at: from_ms(row.get("effective_ms")?),
        expires_at: row.get::<Option<i64>>("expires_ms")?.map(from_ms),
        amount: MicroCredits::new(row.get("amount")?),
        remaining: MicroCredits::new(row.get("remaining")?),
        in_wallet: row.get("in_wallet")?,
        expiries: row.count("expiries")?,
    })
}

/// The grants of payers who are locked, as they will be once everything drawn so far is written.
#[derive(Debug, Default)]
pub(super) struct UsableGrants {
    grants: HashMap<PayerId, Vec<Grant>>,
    numbers: HashMap<GrantId, i64>,
}

impl UsableGrants {
    /// The grants with something left of these payers.
    pub(super) async fn read(
        tx: &PgTransaction<'_>,
        payers: &[i64],
    ) -> Result<UsableGrants, StoreError> {
        let rows = tx.query(USABLE, params![payers => INT8_ARRAY]).await?;
        let mut usable = UsableGrants::default();
        for row in CREDIT_GRANT.rows(&rows) {
            let grant = from_row(row)?;
            usable.numbers.insert(grant.id.clone(), row.get("grant_number")?);
            usable.grants.entry(grant.payer).or_default().push(grant);
        }
        Ok(usable)
    }

    /// Takes from a payer's grants what `rule` says.
    pub(super) fn draw(
        &mut self,
        payer: PayerId,
        rule: impl FnOnce(&[Grant]) -> Result<Vec<GrantDraw>, GrantsShort>,
    ) -> Result<Vec<NumberedDraw>, GrantsShort> {
        let grants = self.grants.entry(payer).or_default();
        let draws = rule(grants)?;
        let mut numbered = Vec::with_capacity(draws.len());
        for GrantDraw { grant, amount } in draws {
            for known in grants.iter_mut().filter(|known| known.id == grant) {
                let left = known.remaining.checked_sub(amount);
                known.remaining = left.unwrap_or(MicroCredits::ZERO);
            }
            let number = self.numbers.get(&grant).copied();
            numbered.extend(number.map(|grant| NumberedDraw { grant, amount }));
        }
        Ok(numbered)
    }
}
