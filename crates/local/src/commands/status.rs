//! `borg status`: what the record holds, and which run is served.

use anyhow::Result;
use model::port::Clock;
use serde_json::{Value, json};
use store::pg::{frontier, run};

use crate::home::Home;

/// Counts the frontier and names the served run.
pub(crate) async fn status(home: &Home) -> Result<Value> {
    let counts = frontier::counts(&home.pg, home.clock.now()).await?;
    let served = run::active(&home.pg).await?;
    let summary = match served {
        Some(run) => Some(graph_score::summary(&home.pg, &home.objects, run).await?),
        None => None,
    };
    Ok(json!({
        "profiles_known": counts.known,
        "profiles_crawled": counts.crawled,
        "profiles_due": counts.due,
        "profiles_claimed": counts.claimed,
        "profiles_failed": counts.failed,
        "next_due_at": counts.next_due_at,
        "run": served,
        "people": summary.as_ref().map(|summary| summary.people),
        "arcs": summary.as_ref().map(|summary| summary.arcs),
        "levels": summary.as_ref().map(|summary| &summary.levels),
        "leaf": summary.as_ref().map(|summary| summary.leaf),
    }))
}
