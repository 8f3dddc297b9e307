//! What a host's robots.txt allows.

use std::sync::Arc;

use model::time::Timestamp;
use robotxt::Robots;

/// What a host's robots.txt says, and until when that holds.
#[derive(Debug, Clone)]
pub(super) struct RobotsRules {
    /// `None` allows everything.
    pub(super) robots: Option<Arc<Robots>>,
    pub(super) until: Timestamp,
}
