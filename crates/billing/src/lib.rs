//! How an answer is charged: so that nothing leaves unpaid, nothing is paid twice, and every credit is
//! accounted for, whichever process dies when.
//!
//! ```text
//! gateway   answer ─► commit {wallet pays; charge is put; budget} ─► release ─► ring a doorbell
//! meter     doorbell ─► read the charge ─► post it to the ledger ─► mark it as posted
//! sweeper   served, not posted ─► ring again      hold or lease expired ─► release
//! auditor   wallet = ledger, for each payer, to the micro-credit
//! ```
//!
//! 1. **Commit before release.** The answer is complete before it is charged, and charged before a byte
//!    leaves. Who dies before the commit has charged and released nothing. Who dies after it has charged,
//!    and the same request, asked again, is a replay that costs nothing.
//! 2. **The charge is the truth.** A message carries only its id, so that one that is lost, doubled,
//!    late or made up changes no amount.
//! 3. **The ledger knows a charge for ever**, by its primary key.
//!
//! Nothing here does input or output or reads a clock: wallets and ledgers are ports, time and random
//! numbers are arguments.
//!
//! | to | see |
//! |---|---|
//! | charge an answer that is ready | [`admit`], [`charge()`], [`replay`] |
//! | set credits aside before long work | [`begin`], [`finish`], [`abandon`] |
//! | open and close a quote's credits | [`open_quote`] |
//! | post what doorbells ring for | [`post()`] |
//! | find what was left undone | [`sweep()`] |
//! | prove that the wallet is the ledger | [`audit()`], [`compare_all`] |
//! | give credits, take them back, refund | [`fund`], [`expire`], [`refund`] |
//! | let a payer spend nothing more | [`freeze()`] |
//! | seal a month | [`make_statement`], [`merkle`] |
//! | credit what a payment service says was paid | [`payment`] |

mod audit;
mod charge;
mod doorbell;
#[cfg(any(test, feature = "simulation"))]
mod example;
#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod fixture;
mod freeze;
mod grants;
mod held;
mod instant;
mod lease;
pub mod merkle;
pub mod payment;
mod post;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
mod statement;
mod sweep;
#[cfg(any(test, feature = "twin"))]
pub mod twin;

pub use audit::{
    AuditDifference, AuditPart, AuditReport, Audited, audit, audit_payer, compare_all,
    compare_some, stop_funding,
};
pub use charge::{
    Admission, PricedAnswer, QuotedCost, Release, RequestToAdmit, Withheld, admit, charge, replay,
};
pub use doorbell::{Doorbell, QueueDoorbell, parse_doorbell};
pub use freeze::freeze;
pub use grants::{ExpiryOutcome, FundOutcome, RefundOutcome, expire, fund, refund};
pub use held::{Begun, abandon, begin, finish};
pub use lease::{LeaseBook, lease_size, open_quote};
pub use post::{DoorbellVerdict, post};
pub use statement::{StatementOutcome, line_bytes, make_statement};
pub use sweep::{SweepReport, sweep};
