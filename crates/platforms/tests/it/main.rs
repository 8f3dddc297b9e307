//! The engine against the sample web, recordings, and hostile servers.

mod client;
mod crawler;
mod fuzz;
mod hostile;
mod manifests;
mod paging;
mod profiles;
mod recordings;
mod resolve;
mod sample_web;
mod script;
mod web_suite;
