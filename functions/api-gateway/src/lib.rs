//! HTTP requests to answers: one [`router`], the same in tests, in `borg serve` and in Lambda.
//!
//! A request passes, from the outside in: CORS; [`mod@finish`] (request id, time-out, problems as
//! JSON, `ETag`, the charge, the log line); the key and its scope; [`mod@admission`] (limits, and the terms of the
//! client); the handler, which parses, reads the database and shapes the answer. Every failure is a [`Problem`];
//! only [`error`] has status codes. A handler counts rows and knows no price: [`mod@charging`] does, by one table of
//! routes, and charges every answer before it leaves.
//!
//! To add a route: write the handler with its `#[utoipa::path]` in the file of its noun, add it to the
//! table in `routes.rs` under its scope, to `charging::price_list` if it costs something, test it in
//! `tests/api`, and copy the new `openapi.json`.
//!
//! Consent: a profile that is gone, refused or unlisted is in no answer, nor are links to it; a request
//! that names it is answered as if it were unknown. A person is served with those of its profiles that
//! are listed, if there is one. Consent is read from the database with each answer, whichever run the
//! answer comes from. Cursors are encrypted, since they name where a page ended.

mod account;
mod admission;
pub mod answer;
mod auth;
mod caller;
mod changes;
mod charging;
mod communities;
mod community_view;
mod credit_text;
mod cursor;
mod docs;
pub mod error;
mod estimate_view;
mod etag;
mod extract;
mod finish;
mod key_cache;
mod map;
mod outcome_view;
mod payments;
mod people;
mod prices;
mod profiles;
mod query;
mod quotes;
mod request_facts;
mod routes;
mod runs;
mod search_route;
mod served;
mod state;
mod status;

pub use charging::{ChargingSettings, RequestLimits};
pub use error::{Problem, ProblemCode};
pub use routes::router;
pub use state::{Gateway, GatewayParts, GatewaySecrets};
