//! HTTP requests to answers: one [`router`], the same in tests, in `borg serve` and in Lambda.
//!
//! A request passes, from the outside in: CORS; [`mod@finish`] (request id, what the client's address may send,
//! time-out, problems as JSON, `ETag`, the charge, the log line); the key and its scope; [`mod@admission`] (limits,
//! and the terms of the client); the handler, which parses, reads the database and shapes the answer. Every failure
//! is a [`Problem`]; only [`error`] has status codes. A handler counts rows and knows no price: [`mod@charging`]
//! does, by one table of routes, and charges every answer before it leaves.
//!
//! To add a route: write the handler with its `#[utoipa::path]` in the file of its noun, add it to the
//! table in `routes.rs` under its scope, to `charging::price_list` if it costs something, test it in
//! `tests/api`, and copy the new `openapi.json`.
//!
//! Consent: a profile that is gone, refused or unlisted is in no answer, nor are links to it; a request
//! that names it is answered as if it were unknown. A person is served with those of its profiles that
//! are listed, if there is one. Consent is read from the database with each answer, whichever run the
//! answer comes from. A membership in a community about something sensitive is shown only for those who name it
//! ([`mod@sensitive`]). Webhooks hear no more than that there is something to be read, by the same rules: so it is here
//! that a tick looks for what is new for them ([`WebhookDispatcher`], the binary `webhook-dispatch`). Cursors are
//! encrypted, since they name where a page ended.

mod account;
mod admission;
pub mod answer;
mod auth;
mod byte_range;
mod caller;
mod change_watch;
mod changes;
mod charging;
mod client_address;
mod communities;
mod community_lookup;
mod community_view;
mod consumers;
mod credit_text;
mod cursor;
mod docs;
pub mod error;
mod estimate_view;
mod etag;
mod exports;
mod extract;
mod file_signer;
mod finish;
mod key_cache;
mod label_book;
mod map;
mod mcp;
mod notice;
mod outcome_view;
mod payments;
mod people;
mod person_rows;
mod prices;
mod privacy;
mod profiles;
mod query;
mod quotes;
mod rate_limit;
mod request_facts;
mod routes;
mod runs;
mod search_route;
mod sensitive;
mod served;
mod shared_reading;
mod state;
mod status;
mod suggest;
mod webhooks;

pub use charging::ChargingSettings;
pub use client_address::ClientAddress;
pub use error::{Problem, ProblemCode};
pub use rate_limit::{RequestLimits, RequestRate, RequestRateError};
pub use routes::router;
pub use state::{Gateway, GatewayParts, GatewaySecrets, WebhookParts};
pub use webhooks::dispatch::{DispatchReport, WebhookDispatcher};
