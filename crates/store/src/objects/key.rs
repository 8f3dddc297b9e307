//! The keys that every store of objects takes.

use model::port::PortError;

/// The longest key, in bytes: what S3 takes.
const KEY_BYTES_MAX: usize = 1_024;

/// Refuses what is no key of the port.
pub(super) fn check_key(key: &str) -> Result<(), PortError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._=-".contains(c);
    let good = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(allowed)
    };
    if key.len() <= KEY_BYTES_MAX && key.split('/').all(good) {
        return Ok(());
    }
    let why = "keys are segments of letters, digits, `.`, `_`, `=` and `-`";
    Err(PortError::Refused(format!("use the object key `{key}`: {why}")))
}
