//! HTTP requests to answers: one [`router`], the same in tests, in `borg serve` and in Lambda.
//!
//! A request passes, from the outside in: CORS; [`mod@finish`] (request id, time-out, problems as
//! JSON, `ETag`, units, the log line); the key and its scope; the handler, which parses, calls the
//! record and shapes. Whatever goes wrong is a [`Problem`]; only [`error`] knows status codes.
//! [`answer::Units`] is the one place where an answer says what it is worth.
//!
//! Consent at this door: a profile that is gone, refused or unlisted is served to nobody, nor are the
//! links to it, whatever it is named by: the answer is that to an unknown one. A person is served with
//! those of its profiles that are listed, if there is one. That is read from the record with each
//! answer, whichever run it comes from; cursors are encrypted, since they name where a page ended.

pub mod answer;
mod auth;
mod changes;
mod communities;
mod cursor;
mod docs;
pub mod error;
mod etag;
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
