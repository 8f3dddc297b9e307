//! Usage messages to the ledger, and a schedule to prices, to what was left undone, to a proof, and to
//! statements.
//!
//! | event | what follows | twice |
//! |---|---|---|
//! | messages | [`post_messages`]: the charges that they name are in the ledger | nothing more |
//! | each minute | [`tick()`]: the next minute's prices; what a death left undone; alerts | nothing more |
//! | each hour | [`audit()`]: wallets and ledger are compared, payer by payer, some at a time | another comparison |
//! | each day | [`close()`]: last month's statements; what need not be kept is deleted | nothing more |
//!
//! Any number of meters may run. Each minute has one price, which the first one publishes.

mod alerts;
mod audit;
mod close;
mod dependencies;
mod error;
#[cfg(feature = "lambda")]
pub mod event;
mod post;
mod prices;
mod sweep;
mod targets;
mod tick;

pub use alerts::{ALERTS_CHECKED, AlertReport, check_alerts};
pub use audit::{MeterAudit, PAYERS_AUDITED, audit};
pub use close::{CloseReport, close};
pub use dependencies::MeterDependencies;
pub use error::MeterError;
pub use post::{DoorbellOutcome, PostedMessages, post_messages};
pub use prices::{PriceReport, publish_prices, until_settled};
pub use sweep::{MeterSweep, sweep};
pub use targets::{PriceTargets, PriceTargetsError};
pub use tick::{TickReport, tick};
