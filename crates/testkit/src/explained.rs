//! What every statement of a pool read, as it really ran.
//!
//! The server's `auto_explain` sends the plan of each statement, nested ones included, as a notice to
//! its client, whose driver logs notices: so this listens to the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use store::Pg;
use tokio::sync::MutexGuard;

use crate::Database;

const SETTINGS: &str = "session_preload_libraries=auto_explain auto_explain.log_min_duration=0 \
    auto_explain.log_analyze=on auto_explain.log_buffers=on auto_explain.log_timing=off \
    auto_explain.log_format=json auto_explain.log_nested_statements=on auto_explain.log_level=notice";

/// What a statement read, added up over all times that it ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Buffers, each time that one was looked at.
    pub buffers: u64,
    /// Rows that it gave or changed.
    pub rows: u64,
    /// How often it ran.
    pub times: u64,
}

/// What each statement read.
pub type Reads = BTreeMap<String, Read>;

static READS: Mutex<Reads> = Mutex::new(Reads::new());
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A pool whose statements are explained. There is one at a time.
#[derive(Debug)]
pub struct Explained {
    /// The pool, of one connection.
    pub pg: Pg,
    _one: MutexGuard<'static, ()>,
}

/// Opens a pool whose statements are explained.
///
/// # Panics
/// If the server has no `auto_explain`.
pub async fn explained(database: &Database) -> Explained {
    let one = ONE.lock().await;
    // Another logger would be another's: there is none in tests.
    let _ = log::set_logger(&Listener);
    log::set_max_level(log::LevelFilter::Info);
    let options: Vec<String> = SETTINGS.split(' ').map(|one| format!("-c {one}")).collect();
    let url = database.url_with_options(&options.join(" "));
    let pg = Pg::connect(&url, 4).await.expect("a server with auto_explain");
    let explained = Explained { pg, _one: one };
    explained.take();
    explained
}

impl Explained {
    /// What was read since the last time.
    pub fn take(&self) -> Reads {
        std::mem::take(&mut READS.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("tokio_postgres")
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        let Some((_, plan)) = text.split_once("plan:\n") else { return };
        let Ok(plan) = serde_json::from_str::<Value>(plan) else { return };
        let number = |plan: &Value, name: &str| plan[name].as_u64().unwrap_or(0);
        let plan_of = &plan["Plan"];
        let buffers = number(plan_of, "Shared Hit Blocks") + number(plan_of, "Shared Read Blocks");
        // A change gives no rows itself: those below it are what it changed.
        let rows = number(plan_of, "Actual Rows").max(number(&plan_of["Plans"][0], "Actual Rows"));
        let sql = plan["Query Text"].as_str().unwrap_or_default();
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut reads = READS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = reads.entry(sql).or_default();
        known.buffers += buffers;
        known.rows += rows;
        known.times += 1;
    }

    fn flush(&self) {}
}
