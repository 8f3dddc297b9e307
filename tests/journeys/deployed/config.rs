//! Where the deployment is described that the journeys go through.

/// What `make deploy-local` wrote; `None` unless `BORG_DEPLOYED` names it.
pub(super) fn deployed() -> Option<serde_json::Value> {
    #[expect(clippy::disallowed_methods, reason = "this is where the journeys read it")]
    let path = std::env::var("BORG_DEPLOYED").ok()?;
    let text = std::fs::read_to_string(&path).expect("BORG_DEPLOYED names a file");
    Some(serde_json::from_str(&text).expect("the file is JSON"))
}
