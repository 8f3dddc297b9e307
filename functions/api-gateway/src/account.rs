//! What an account has, spent and may spend, and its keys. Whose account it is says the key alone.

pub(crate) mod alerts;
pub(crate) mod balance;
pub(crate) mod budgets;
pub(crate) mod charges;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod spending;
pub(crate) mod statements;
