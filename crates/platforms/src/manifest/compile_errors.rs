//! Compiles error rules, and the waits that bodies name.

use super::compiled_request::{BodyWait, ErrorRule, ErrorRules};
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::raw::{RawManifest, WaitUnit};
use super::raw_request::{OneOrMany, RawErrorRule};
use crate::path::PageShape;

/// The wait that a body names, if the platform has such a field.
pub(super) fn body_wait(
    top: &FieldPlace,
    manifest: &RawManifest,
    shape: &mut PageShape,
) -> Result<Option<BodyWait>, ManifestError> {
    let Some(raw) = &manifest.rate_limit.body_wait else { return Ok(None) };
    let at = top.under("rate_limit").under("body_wait");
    let field = at.selector(&OneOrMany::One(raw.field.clone()), shape)?;
    let unit_ms = match raw.unit {
        WaitUnit::S => 1_000,
        WaitUnit::Ms => 1,
    };
    Ok(Some(BodyWait { field, unit_ms }))
}

/// A stream's own rules, then its platform's.
pub(super) fn error_rules(
    at: &FieldPlace,
    own: &[RawErrorRule],
    manifest: &RawManifest,
) -> Result<ErrorRules, ManifestError> {
    let at = at.under("errors");
    let mut shape = PageShape::default();
    let mut rules = Vec::new();
    for raw in own.iter().chain(&manifest.errors) {
        let condition = raw.condition.as_ref();
        let condition = condition.map(|text| at.under("where").condition(text, &mut shape));
        rules.push(ErrorRule {
            statuses: raw.status.as_slice().to_vec(),
            condition: condition.transpose()?,
            text: raw.text.clone(),
            then: raw.then,
        });
    }
    let wait = body_wait(&at, manifest, &mut shape)?;
    Ok(ErrorRules { shape, rules, wait })
}
