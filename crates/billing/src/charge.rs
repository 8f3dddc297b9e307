//! What happens between an answer and its release.

use model::charge::{ChargeRef, ChargeSource};
use model::port::{PortError, Wallet};
use model::wallet::{ChargeOutcome, ExistingCharge, LeaseOutcome, LeasePurpose, WalletRefusal};
use model::{Charge, ChargeState, CreditLease, LeaseId, MicroCredits, QuoteId, Timestamp};

use crate::lease::{LeaseBook, lease_size};

/// How often a commit is tried on the balance while others write it, and how often a call is repeated
/// that may have happened.
const TRIES: usize = 3;

/// How often it is tried to open a lease.
const LEASE_TRIES: usize = 5;

/// A request before anything is done for it.
#[derive(Debug, Clone)]
pub struct RequestToAdmit<'a> {
    /// The charge that it would have.
    pub charge: ChargeRef,
    /// The charges that it may have on neighbouring days.
    pub others: &'a [ChargeRef],
    /// The hash of the canonical request.
    pub request: [u8; 32],
    /// The most that it can cost.
    pub cost_most: MicroCredits,
    /// The most that the client pays.
    pub cost_max: Option<MicroCredits>,
    /// Whether these are the charges, whatever the answer is: where the client sent a key of its own. Else the
    /// answer says which charge it is, and the commit finds it.
    pub is_named: bool,
}

/// Whether a request is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is to be served.
    Serve,
    /// It was charged before: its answer is given again for nothing, if [`replay`] counts it before it leaves.
    Replay(Box<Charge>),
    /// It may cost too much, unless its answer was charged before, which only the answer says: it is to be
    /// served if [`replay`] finds it, and for this reason withheld if not.
    OnlyReplay(Withheld),
    /// It is not served.
    Withheld(Withheld),
}

/// An answer that is complete, priced and not released.
#[derive(Debug, Clone)]
pub struct PricedAnswer {
    /// The charge at the current price: served, from the balance, without a quote.
    pub charge: Charge,
    /// The charges that the same request may have on neighbouring days: yesterday's in the first hour,
    /// tomorrow's in the last ten minutes, as clocks differ.
    pub others: Vec<ChargeRef>,
    /// The most that the client pays.
    pub cost_max: Option<MicroCredits>,
    /// What it costs by a quote.
    pub quoted: Option<QuotedCost>,
}

/// What an answer costs by a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedCost {
    /// Which quote.
    pub quote: QuoteId,
    /// The lease that holds its credits.
    pub lease: LeaseId,
    /// The cost at the quote's price.
    pub cost: MicroCredits,
}

/// What happens to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// It leaves, and costs nothing.
    Free,
    /// It leaves, and is charged.
    Charged {
        /// With so much.
        cost: MicroCredits,
        /// By this quote.
        quote: Option<QuoteId>,
    },
    /// It leaves again, for nothing.
    Replay(Box<Charge>),
    /// Nothing of it may leave.
    Withheld(Withheld),
}

/// Why an answer is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It costs more than the client pays.
    #[error("it costs {cost} credits, more than the {max} that the request allows")]
    AboveMax {
        /// What it costs, or may cost.
        cost: MicroCredits,
        /// What the client pays.
        max: MicroCredits,
    },
    /// The wallet does not pay.
    #[error("{0}")]
    Unpaid(WalletRefusal),
    /// It was given again as often as is free.
    #[error("the same answer was given again as often as is free")]
    ReplaysExhausted,
    /// The same request is being answered.
    #[error("the same request is being answered at this moment")]
    InProgress,
    /// Its id belongs to another request.
    #[error("the same Idempotency-Key was used for another request")]
    OtherRequest,
    /// Too many charges of this account at once: to be tried again.
    #[error("too many requests of this account are charged at this moment")]
    Busy,
}

/// Decides about a request before it is served. Nothing is counted yet: it may end otherwise than as a replay.
///
/// # Errors
/// Those of the wallet: nothing is served.
pub async fn admit<W: Wallet>(
    wallet: &W,
    request: &RequestToAdmit<'_>,
) -> Result<Admission, PortError> {
    if request.is_named
        && let Some(known) = find(wallet, request).await?
    {
        return Ok(known);
    }
    Ok(match above_max(request.cost_most, request.cost_max) {
        Some(why) if request.is_named => Admission::Withheld(why),
        Some(why) => Admission::OnlyReplay(why),
        None => Admission::Serve,
    })
}

/// What an earlier charge of a request means for it; `None` if there is none.
async fn find<W: Wallet>(
    wallet: &W,
    request: &RequestToAdmit<'_>,
) -> Result<Option<Admission>, PortError> {
    let ids: Vec<ChargeRef> =
        std::iter::once(request.charge).chain(request.others.iter().copied()).collect();
    let found = wallet.charges(&ids).await?.into_iter();
    let known = found.filter(|charge| charge.state != ChargeState::Void);
    // The first of the ids, if more than one is charged.
    let place = |charge: &Charge| ids.iter().position(|&id| id == charge.reference());
    Ok(known.min_by_key(place).map(|charge| match charge.state {
        _ if charge.request != request.request => Admission::Withheld(Withheld::OtherRequest),
        ChargeState::Pending => Admission::Withheld(Withheld::InProgress),
        _ => Admission::Replay(Box::new(charge)),
    }))
}

/// Counts that an answer leaves again which was charged before; `None` if it was not.
///
/// # Errors
/// Those of the wallet. The answer must not leave.
pub async fn replay<W: Wallet>(
    wallet: &W,
    answer: &PricedAnswer,
) -> Result<Option<Release>, PortError> {
    let own = answer.charge.reference();
    for &id in std::iter::once(&own).chain(&answer.others) {
        if let Some(existing) = wallet.replay(id, &answer.charge.request).await? {
            return Ok(Some(of_existing(existing)));
        }
    }
    Ok(None)
}

/// Charges an answer. Only what this says decides whether it leaves.
///
/// It is tried on the quote's credits; on a lease, if this process has one of the payer; on the balance;
/// and where others write the balance all the time, on a lease that is opened for it.
///
/// # Errors
/// Those of the wallet. The answer must not leave; it may be charged, and the same request is a replay then.
pub async fn charge<W: Wallet>(
    wallet: &W,
    leases: &LeaseBook,
    answer: &PricedAnswer,
    now: Timestamp,
) -> Result<Release, PortError> {
    if answer.charge.cost == MicroCredits::ZERO {
        return Ok(Release::Free);
    }
    if let Some(release) = charge_quoted(wallet, answer).await? {
        return Ok(release);
    }
    let cost = answer.charge.cost;
    if let Some(why) = above_max(cost, answer.cost_max) {
        return replay_or_withheld(wallet, answer, why).await;
    }
    if let Some(lease) = leases.usable(answer.charge.payer, cost, now) {
        match on_lease(wallet, answer, lease).await? {
            Attempted::Decided(release) => return Ok(release),
            Attempted::Open => {
                leases.forget(answer.charge.payer, lease);
                wallet.close_lease(answer.charge.payer, lease).await?;
                return on_new_lease(wallet, leases, answer, now).await;
            }
        }
    }
    for _ in 0..TRIES {
        if let Attempted::Decided(release) = attempt(wallet, &answer.charge, &answer.others).await?
        {
            return Ok(release);
        }
    }
    on_new_lease(wallet, leases, answer, now).await
}

/// What becomes of an answer that costs too much: it was paid before, or it is withheld.
async fn replay_or_withheld<W: Wallet>(
    wallet: &W,
    answer: &PricedAnswer,
    why: Withheld,
) -> Result<Release, PortError> {
    Ok(replay(wallet, answer).await?.unwrap_or(Release::Withheld(why)))
}

/// Whether a way to pay decided what becomes of an answer, or another way is open.
enum Attempted {
    Decided(Release),
    Open,
}

/// The charge by its quote; `None` if there is none or its credits do not suffice any more.
async fn charge_quoted<W: Wallet>(
    wallet: &W,
    answer: &PricedAnswer,
) -> Result<Option<Release>, PortError> {
    let Some(quoted) = answer.quoted else { return Ok(None) };
    let cost = quoted.cost.min(answer.charge.cost);
    if let Some(why) = above_max(cost, answer.cost_max) {
        return replay_or_withheld(wallet, answer, why).await.map(Some);
    }
    let source = ChargeSource::Lease { lease: quoted.lease };
    let charge = Charge { cost, source, quote: Some(quoted.quote), ..answer.charge.clone() };
    Ok(match attempt(wallet, &charge, &answer.others).await? {
        Attempted::Decided(release) => Some(release),
        Attempted::Open => None,
    })
}

async fn on_lease<W: Wallet>(
    wallet: &W,
    answer: &PricedAnswer,
    lease: LeaseId,
) -> Result<Attempted, PortError> {
    let source = ChargeSource::Lease { lease };
    attempt(wallet, &Charge { source, ..answer.charge.clone() }, &answer.others).await
}

/// Opens a lease for the answer's payer, keeps it for later answers, and charges on it.
async fn on_new_lease<W: Wallet>(
    wallet: &W,
    leases: &LeaseBook,
    answer: &PricedAnswer,
    now: Timestamp,
) -> Result<Release, PortError> {
    let (payer, cost) = (answer.charge.payer, answer.charge.cost);
    let size = lease_size(cost, wallet.balance(payer).await?.available);
    let id = LeaseId::new(answer.charge.nonce);
    let lease = CreditLease::new(id, payer, LeasePurpose::Process, size, LeaseBook::expiry(now));
    for _ in 0..LEASE_TRIES {
        match wallet.open_lease(&lease).await? {
            LeaseOutcome::Contended => {}
            LeaseOutcome::Refused(why) => return Ok(Release::Withheld(Withheld::Unpaid(why))),
            LeaseOutcome::Opened(lease) => {
                leases.keep(lease);
                return Ok(match on_lease(wallet, answer, id).await? {
                    Attempted::Decided(release) => release,
                    Attempted::Open => Release::Withheld(Withheld::Busy),
                });
            }
        }
    }
    Ok(Release::Withheld(Withheld::Busy))
}

/// One commit, repeated while it is open whether it happened.
async fn attempt<W: Wallet>(
    wallet: &W,
    charge: &Charge,
    others: &[ChargeRef],
) -> Result<Attempted, PortError> {
    let mut outcome = wallet.commit(charge, others).await;
    for _ in 1..TRIES {
        match outcome {
            Err(PortError::Retry(_)) => outcome = wallet.commit(charge, others).await,
            _ => break,
        }
    }
    Ok(match outcome? {
        ChargeOutcome::Charged { .. } => {
            Attempted::Decided(Release::Charged { cost: charge.cost, quote: charge.quote })
        }
        ChargeOutcome::Existing(existing) => Attempted::Decided(of_existing(*existing)),
        ChargeOutcome::Contended
        | ChargeOutcome::Refused(WalletRefusal::LeaseClosed | WalletRefusal::LeaseSpent { .. }) => {
            Attempted::Open
        }
        ChargeOutcome::Refused(why) => Attempted::Decided(Release::Withheld(Withheld::Unpaid(why))),
    })
}

/// What a charge that exists means for the same request.
pub(crate) fn of_existing(existing: ExistingCharge) -> Release {
    match existing {
        ExistingCharge::Replay(charge) => Release::Replay(Box::new(charge)),
        ExistingCharge::ReplaysExhausted(_) => Release::Withheld(Withheld::ReplaysExhausted),
        ExistingCharge::InProgress(_) => Release::Withheld(Withheld::InProgress),
        ExistingCharge::OtherRequest(_) => Release::Withheld(Withheld::OtherRequest),
    }
}

fn above_max(cost: MicroCredits, max: Option<MicroCredits>) -> Option<Withheld> {
    max.filter(|&max| cost > max).map(|max| Withheld::AboveMax { cost, max })
}

#[cfg(test)]
mod tests;
