//! Everything that is stored or delivered: PostgreSQL, objects, queues and wallets.
//!
//! [`pg`] is the database and the only place with SQL. [`objects`], [`queue`] and [`wallet`] implement
//! the ports of the same name, [`clock`] the present.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_error;
pub mod clock;
mod error;
pub mod failpoint;
pub mod objects;
pub mod pg;
pub mod queue;
pub mod table;
pub mod wallet;
mod webhook_sealer;

#[cfg(feature = "aws")]
pub use aws::Aws;
pub use error::StoreError;
pub use pg::{Pg, Timeouts};
pub use webhook_sealer::WebhookSealer;
