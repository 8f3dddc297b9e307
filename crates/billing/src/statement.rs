//! Seals a month of one payer's account.

use model::ledger::RecordOutcome;
use model::port::{Ledger, PortError, TransferPeriod};
use model::{LedgerAccount, MicroCredits, Month, PayerId, Statement, Timestamp, Transfer};

use crate::instant::before;
use crate::merkle::{chained, leaf, root};

/// A month is sealed so long after its end: no batch is posted for so long.
const SEAL_SECONDS: i64 = 3_600;

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementOutcome {
    /// It is sealed, now or before.
    Sealed(Statement),
    /// The month is not over, or only just.
    TooEarly,
    /// A later month is sealed already.
    TooLate,
}

/// The bytes of a line, as they are hashed: its JSON.
///
/// # Errors
/// [`PortError::Refused`] if a line has no JSON.
pub fn line_bytes(line: &Transfer) -> Result<Vec<u8>, PortError> {
    serde_json::to_vec(line).map_err(|error| PortError::Refused(error.to_string()))
}

/// Makes the statement of a month, once. It begins where the one before ended, so that no line is in two
/// or in none.
///
/// # Errors
/// Those of the ledger; [`PortError::Refused`] if sums exceed 64 bits, or the lines changed.
pub async fn make_statement<L: Ledger>(
    ledger: &L,
    payer: PayerId,
    month: Month,
    now: Timestamp,
) -> Result<StatementOutcome, PortError> {
    if month.next().start() > before(now, SEAL_SECONDS) {
        return Ok(StatementOutcome::TooEarly);
    }
    let last = ledger.last_statement(payer, Month::of(Timestamp::MAX)).await?;
    if let Some(last) = &last
        && last.month >= month
    {
        let sealed = ledger.last_statement(payer, month).await?;
        let sealed = sealed.filter(|sealed| sealed.month == month);
        return Ok(sealed.map_or(StatementOutcome::TooLate, StatementOutcome::Sealed));
    }
    let statement = sum_up(ledger, payer, month, last.as_ref()).await?;
    match ledger.keep_statement(&statement).await? {
        RecordOutcome::Recorded | RecordOutcome::RecordedBefore => {
            Ok(StatementOutcome::Sealed(statement))
        }
        RecordOutcome::Differs | RecordOutcome::Refused => {
            Err(PortError::Refused(format!("{payer}: another statement for {month} exists")))
        }
    }
}

async fn sum_up<L: Ledger>(
    ledger: &L,
    payer: PayerId,
    month: Month,
    last: Option<&Statement>,
) -> Result<Statement, PortError> {
    let from = last.map_or(Timestamp::MIN, |last| last.month.next().start());
    let period = TransferPeriod { payer, from, until: month.next().start() };
    let (mut credited, mut debited) = (0i128, 0i128);
    let (mut leaves, mut after) = (Vec::new(), None);
    loop {
        let page = ledger.transfers_of(&period, after.as_deref()).await?;
        for line in &page.items {
            let takes = line.debit == LedgerAccount::Customer;
            let sum = if takes { &mut debited } else { &mut credited };
            *sum += i128::from(line.amount.micros());
            leaves.push(leaf(&line_bytes(line)?));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let opening = last.map_or(MicroCredits::ZERO, |last| last.closing);
    let closing = i128::from(opening.micros()) + credited - debited;
    let lines = leaves.len() as u64;
    let opened = opening.micros();
    let head = format!("{payer} {month} {lines} {opened} {credited} {debited}");
    let previous_root = last.map_or([0; 32], |last| last.root);
    Ok(Statement {
        payer,
        month,
        lines,
        opening,
        credited: amount(credited)?,
        debited: amount(debited)?,
        closing: amount(closing)?,
        previous_root,
        root: chained(&previous_root, head.as_bytes(), &root(&leaves)),
    })
}

fn amount(micros: i128) -> Result<MicroCredits, PortError> {
    let micros = i64::try_from(micros);
    let micros = micros.map_err(|_| PortError::Refused("more than can be counted".to_owned()))?;
    Ok(MicroCredits::new(micros))
}

#[cfg(test)]
mod tests;
