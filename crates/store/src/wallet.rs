//! The port [`Wallet`](model::port::Wallet): what payers may spend, and what they were charged.

mod checked;
#[cfg(feature = "aws")]
mod dynamo;
mod postgres;
mod stored;

#[cfg(feature = "aws")]
pub use dynamo::DynamoWallet;
pub use postgres::PgWallet;
pub use stored::StoredWallet;
