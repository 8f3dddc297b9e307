//! What is wrong with a manifest, and where.

/// A manifest that cannot be used: names the file, the place in it, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("manifest {file}: {place}: {why}")]
pub struct ManifestError {
    /// The file.
    pub file: String,
    /// Stream and field, such as `streams.follows.records`.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}
