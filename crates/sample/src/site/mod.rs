//! Requests and replies as a platform sees them.

mod reply;
mod request;

pub(crate) use reply::SiteReply;
pub(crate) use request::{QueryString, SiteRequest, decode};
