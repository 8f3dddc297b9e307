//! Proves for each payer that the wallet is the ledger, to the micro-credit:
//!
//! > available + held + left of open leases + charges not marked as posted
//! > = left of the grants that the wallet has + charges that the ledger has and the wallet did not hear of
//!
//! At rest that is: available = left of the grants.

use std::collections::BTreeMap;

use model::charge::{ChargeSource, ChargeState};
use model::ledger::PayerLedger;
use model::port::{Ledger, PortError, Wallet};
use model::wallet::{LeasePurpose, WalletView};
use model::{ChargeId, Grant, MicroCredits, PayerId, TransferId, WalletStatus};

/// How often a payer is read who moves meanwhile.
const TRIES: usize = 3;

/// What is wrong with one payer, in micro-credits; all are zero if nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditDifference {
    /// The left side of the equation less the right.
    pub wallet_minus_ledger: i128,
    /// available + held + leased + spent − funded.
    pub balance: i128,
    /// What the balance says is held, less what charges hold.
    pub held: i128,
    /// What the balance says is leased, less the sizes of open leases.
    pub leased: i128,
    /// The payer's account less what is left of all grants.
    pub account_minus_grants: i128,
    /// Charges of which the ledger has another amount, parts that are below zero, and miscounted quotes.
    pub faults: u64,
}

/// What the audit of one payer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audited {
    /// All is equal.
    Equal,
    /// It was written while it was read: to be tried again.
    Moving,
    /// Something is not.
    Differs(AuditDifference),
}

/// What the audit of all payers found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many payers were read.
    pub payers: u64,
    /// Those who moved.
    pub moving: u64,
    /// Those with a difference.
    pub differences: BTreeMap<PayerId, AuditDifference>,
    /// The sum of all debits less that of all credits, in micro-credits.
    pub ledger_sum: i128,
    /// All customers' accounts less what is left of all grants, in micro-credits.
    pub customers_less_grants: i128,
}

impl AuditReport {
    /// The sizes of all differences between wallets and ledger, in micro-credits.
    pub fn wallet_minus_ledger(&self) -> i128 {
        self.differences.values().map(|payer| payer.wallet_minus_ledger.abs()).sum()
    }

    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.ledger_sum == 0 && self.customers_less_grants == 0
    }
}

/// Audits every payer and the whole ledger. The wallet of a payer with a difference takes no new
/// credits from then on; its charges go on.
///
/// # Errors
/// Those of the ports.
pub async fn audit<W: Wallet, L: Ledger>(wallet: &W, ledger: &L) -> Result<AuditReport, PortError> {
    let report = compare_all(wallet, ledger).await?;
    for &payer in report.differences.keys() {
        stop_funding(wallet, payer).await?;
    }
    Ok(report)
}

/// As [`audit`], but changes nothing: a wallet whose lists are late is to be asked again first.
///
/// # Errors
/// Those of the ports.
pub async fn compare_all<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
) -> Result<AuditReport, PortError> {
    Ok(compare_some(wallet, ledger, AuditPart::default()).await?.0)
}

/// Which payers are compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditPart<'a> {
    /// Those after this place, which the part before ended with; from the first if `None`.
    pub after: Option<&'a str>,
    /// About this many: whole pages of the ledger; all if `None`.
    pub most: Option<u64>,
}

/// As [`compare_all`], of some payers, by the ledger's order of them: and the place where the rest begins, if
/// there is a rest. A payer who cannot be read for now, as one who is charged all the time, is one who moved, so
/// that it keeps no other from being compared.
///
/// # Errors
/// Those of the ledger, and that of the wallet if no payer can be read.
pub async fn compare_some<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    part: AuditPart<'_>,
) -> Result<(AuditReport, Option<String>), PortError> {
    let mut report = AuditReport::default();
    let mut after = part.after.map(str::to_owned);
    let mut unread: Option<UnreadPayers> = None;
    loop {
        let page = ledger.payers(after.as_deref()).await?;
        for payer in page.items {
            report.payers += 1;
            match audit_payer(wallet, ledger, payer).await {
                Ok(Audited::Equal) => {}
                Ok(Audited::Moving) => report.moving += 1,
                Ok(Audited::Differs(difference)) => {
                    report.differences.insert(payer, difference);
                }
                Err(PortError::Refused(why)) => return Err(PortError::Refused(why)),
                Err(why) => {
                    report.moving += 1;
                    unread.get_or_insert(UnreadPayers { count: 0, why }).count += 1;
                }
            }
        }
        after = page.next;
        if after.is_none() || part.most.is_some_and(|most| report.payers >= most) {
            break;
        }
    }
    match unread {
        Some(unread) if unread.count == report.payers => return Err(unread.why),
        _ => {}
    }
    let totals = ledger.totals().await?;
    report.ledger_sum = totals.sum();
    report.customers_less_grants = totals.customers_less_grants();
    Ok((report, after))
}

/// Payers who could not be read, and why the first one could not.
struct UnreadPayers {
    count: u64,
    why: PortError,
}

/// Makes a wallet take no new credits. One that takes none already stays as it is.
///
/// # Errors
/// Those of the wallet.
pub async fn stop_funding<W: Wallet>(wallet: &W, payer: PayerId) -> Result<(), PortError> {
    match wallet.balance(payer).await?.status {
        WalletStatus::Open => wallet.set_status(payer, WalletStatus::NoFunding).await,
        WalletStatus::NoFunding | WalletStatus::Frozen => Ok(()),
    }
}

/// Audits one payer.
///
/// # Errors
/// Those of the ports.
pub async fn audit_payer<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    payer: PayerId,
) -> Result<Audited, PortError> {
    for _ in 0..TRIES {
        let (view, account) = (wallet.view(payer).await?, ledger.payer(payer).await?);
        let posted = posted_unheard(ledger, &view).await?;
        let grants = left_in_wallet(wallet, &account.grants).await?;
        // Accounts only grow, so one that is the same was not written in between.
        if wallet.view(payer).await? != view || ledger.payer(payer).await? != account {
            continue;
        }
        let difference = compare(&view, &account, &posted, grants);
        let is_equal = difference == AuditDifference::default();
        return Ok(if is_equal { Audited::Equal } else { Audited::Differs(difference) });
    }
    Ok(Audited::Moving)
}

/// The amounts of the charges that the ledger has and the wallet did not hear of.
async fn posted_unheard<L: Ledger>(
    ledger: &L,
    view: &WalletView,
) -> Result<BTreeMap<ChargeId, MicroCredits>, PortError> {
    let served = view.charges.iter().filter(|charge| charge.state == ChargeState::Served);
    let ids: Vec<TransferId> =
        served.map(|charge| TransferId::Charge { charge: charge.id }).collect();
    let mut posted = BTreeMap::new();
    for ids in ids.chunks(model::port::CHARGES_MAX) {
        for line in ledger.transfers(ids).await? {
            if let TransferId::Charge { charge } = line.transfer.id {
                posted.insert(charge, line.transfer.amount);
            }
        }
    }
    Ok(posted)
}

/// What is left of the grants that the wallet has, less what it let go of and the ledger did not hear of.
async fn left_in_wallet<W: Wallet>(wallet: &W, grants: &[Grant]) -> Result<i128, PortError> {
    let mut left = 0;
    for grant in grants {
        let id = TransferId::Grant { grant: grant.id.clone() };
        let is_in = grant.in_wallet || wallet.adjusted(grant.payer, &id).await?.is_some();
        let outside = if is_in { MicroCredits::ZERO } else { grant.amount };
        left += micros(grant.remaining) - micros(outside);
        if grant.expires_at.is_some() {
            let (grant_id, part) = (grant.id.clone(), grant.expiries);
            let id = TransferId::Expiry { grant: grant_id, part };
            let taken = wallet.adjusted(grant.payer, &id).await?;
            left += micros(taken.unwrap_or(MicroCredits::ZERO));
        }
    }
    Ok(left)
}

fn micros(amount: MicroCredits) -> i128 {
    i128::from(amount.micros())
}

fn compare(
    view: &WalletView,
    account: &PayerLedger,
    posted: &BTreeMap<ChargeId, MicroCredits>,
    grants_left: i128,
) -> AuditDifference {
    let balance = &view.balance;
    let is_held = |source| matches!(source, ChargeSource::Hold { .. });
    let (mut held, mut unmarked) = (0, 0);
    for charge in &view.charges {
        let kept = micros(charge.kept_back());
        let sum = if is_held(charge.source) { &mut held } else { &mut unmarked };
        *sum += kept;
    }
    let left: i128 = view.leases.iter().map(|lease| micros(lease.left)).sum();
    let sizes: i128 = view.leases.iter().map(|lease| micros(lease.size)).sum();
    let unheard: i128 = posted.values().copied().map(micros).sum();
    let parts = [balance.available, balance.held, balance.leased, balance.spent];
    let sum: i128 = parts.iter().copied().map(micros).sum();
    let quotes = view.leases.iter().filter(|lease| lease.purpose == LeasePurpose::Quote);
    let below_zero = parts.iter().filter(|&&part| part < MicroCredits::ZERO).count() as u64;
    let other_amounts = view
        .charges
        .iter()
        .filter(|charge| posted.get(&charge.id).is_some_and(|&amount| amount != charge.cost));
    let remaining: i128 = account.grants.iter().map(|grant| micros(grant.remaining)).sum();
    AuditDifference {
        wallet_minus_ledger: micros(balance.available) + held + left + unmarked
            - grants_left
            - unheard,
        balance: sum - micros(balance.funded),
        held: micros(balance.held) - held,
        leased: micros(balance.leased) - sizes,
        account_minus_grants: micros(account.credited) - micros(account.debited) - remaining,
        faults: below_zero
            + other_amounts.count() as u64
            + u64::from(quotes.count() != balance.quotes_open as usize),
    }
}

#[cfg(test)]
mod tests;
