//! The statements behind [`PgWallet`](crate::wallet::PgWallet). Amounts are micro-credits, times
//! milliseconds.
//!
//! What writes a balance locks its row first, so that all such writes of one payer happen one after the
//! other. The hot one is one call of the function `charge_wallet`: one round trip.

mod adjustment;
mod budget;
mod charge_row;
mod commit;
mod lease;
mod page;
mod settle;
mod status;
mod view;

pub(crate) use adjustment::{adjust, adjusted};
pub(crate) use budget::{budget, set_budget};
pub(crate) use charge_row::charges;
pub(crate) use commit::{commit, hold, replay};
pub(crate) use lease::{close_lease, leases, open_lease, open_leases};
pub(crate) use page::{expired_holds, expired_leases, unposted};
pub(crate) use settle::{mark_posted, serve, void};
pub(crate) use status::{balance, set_status};
pub(crate) use view::view;
