//! The engine against the sample web, recordings, and hostile servers.

mod crawler;
mod sample_web;
