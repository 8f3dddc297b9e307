//! HTTP requests to answers: one [`router`], the same in tests, in `borg serve` and in Lambda.
//!
//! A request passes, from the outside in: CORS; [`mod@finish`] (request id, time-out, problems as
//! JSON, `ETag`, units, the log line); the key and its scope; the handler, which parses, calls the
//! record and shapes. Whatever goes wrong is a [`Problem`]; only [`error`] knows status codes.
//! [`answer::Units`] is the one place where an answer says what it is worth.
//!
//! Consent at this door: who is gone or refused is never served; who is unlisted is served to
//! those who name it by id or exact handle, and left out of every list of others.

pub mod answer;
mod auth;
mod changes;
mod communities;
mod cursor;
mod docs;
pub mod error;
mod extract;
mod finish;
mod people;
mod profiles;
mod query;
mod routes;
mod runs;
mod search_route;
mod state;
mod status;

pub use error::{Code, Problem};
pub use routes::router;
pub use state::{Gateway, Secrets};
