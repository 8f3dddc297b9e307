//! Logs: one flat JSON object a line on standard output, where Lambda reads them.

use tracing_subscriber::EnvFilter;

/// Logs what `filter` (in `tracing`'s filter language) lets pass; `info` where it cannot be read.
/// A second call changes nothing.
pub fn begin(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .finish();
    // Only the first subscriber of a process counts, which is what we want.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
