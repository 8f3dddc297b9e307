//! Compiles streams: requests, pagers, and what their records say.

use super::compile::{Roles, request};
use super::compile_pager::{last_record, pager};
use super::compile_records::{interactions, list_rules, profile_rules};
use super::error::ManifestError;
use super::nouns::{
    Auth, BodyWait, ErrorRule, ErrorRules, ForEach, ListRules, Paging, ProfileRules, Stream,
    StreamKind,
};
use super::raw;
use super::scope::Scope;
use crate::path::Shape;

const PAGE_SIZE: u32 = 100;
const PAGES_PER_VISIT: u32 = 50;
const PAGES_MAX: u32 = 1_000;

/// Compiles the stream of this name.
pub(super) fn stream(
    top: &Scope,
    name: &str,
    manifest: &raw::Manifest,
    roles: Roles<'_>,
) -> Result<Stream, ManifestError> {
    let at = top.under("streams").under(name);
    let raw = &manifest.streams[name];
    let mut shape = Shape::default();
    let (records, record) = match &raw.records {
        Some(path) => {
            let (path, record) = at.under("records").path(path, &mut shape)?;
            (Some(path), record)
        }
        None => (None, &mut shape),
    };
    let kind = kind(&at, raw, manifest, roles, record)?;
    let until = last_record(&at.under("pager"), &raw.pager, record)?;
    let requests = raw.request.as_slice().iter();
    Ok(Stream {
        name: name.to_owned(),
        about: raw.about.clone(),
        tested_by: raw.tested_by.clone(),
        auth: auth(&at.under("auth"), &raw.auth)?,
        requests: requests
            .map(|raw| request(&at.under("request"), raw, roles))
            .collect::<Result<_, _>>()?,
        paging: Paging {
            pager: pager(&at.under("pager"), &raw.pager, until, &mut shape)?,
            page_size: raw.page_size.unwrap_or(PAGE_SIZE),
            pages_per_visit: at_least_one(&at, "pages_per_visit", raw.pages_per_visit)?
                .unwrap_or(PAGES_PER_VISIT),
            pages_max: at_least_one(&at, "pages_max", raw.pages_max)?.unwrap_or(PAGES_MAX),
            wait: body_wait(top, manifest, &mut shape)?,
            shape,
            records,
        },
        errors: error_rules(&at, &raw.errors, manifest)?,
        kind,
    })
}

fn at_least_one(at: &Scope, field: &str, value: Option<u32>) -> Result<Option<u32>, ManifestError> {
    at.under(field).require(value != Some(0), "it must be at least 1")?;
    Ok(value)
}

fn kind(
    at: &Scope,
    raw: &raw::Stream,
    manifest: &raw::Manifest,
    roles: Roles<'_>,
    record: &mut Shape,
) -> Result<StreamKind, ManifestError> {
    match (&raw.profile, &raw.list, &raw.interactions) {
        (Some(profile), None, None) => {
            let missing = raw.missing.as_ref().map(|name| {
                let index = manifest.streams.keys().position(|known| known == name);
                let at = at.under("missing");
                index.ok_or_else(|| at.fail(format!("there is no stream `{name}`")))
            });
            let batch = at_least_one(at, "batch", raw.batch)?.unwrap_or(1) as usize;
            let asks_for_many =
                |raw: &raw::Request| raw.query.values().any(|value| value.contains("{native_ids}"));
            at.under("batch").require(
                (batch > 1) == raw.request.as_slice().iter().any(asks_for_many),
                "a batch needs {native_ids} in its query, and the other way round",
            )?;
            let rules = profile_rules(&at.under("profile"), profile, roles, record)?;
            Ok(StreamKind::Profile(ProfileRules { batch, missing: missing.transpose()?, ..rules }))
        }
        (None, Some(list), None) => {
            let for_each = raw.for_each.as_ref();
            let for_each = for_each.map(|raw| self::for_each(&at.under("for_each"), raw, roles));
            let rules = list_rules(&at.under("list"), list, record)?;
            Ok(StreamKind::List(ListRules { for_each: for_each.transpose()?, ..rules }))
        }
        (None, None, Some(raw)) => {
            interactions(&at.under("interactions"), raw, record).map(StreamKind::Interactions)
        }
        _ => Err(at.fail("it must have exactly one of `profile`, `list` and `interactions`")),
    }
}

fn auth(at: &Scope, raw: &raw::Auth) -> Result<Auth, ManifestError> {
    match (&raw.bearer, &raw.header, &raw.secret) {
        (None, None, None) => Ok(Auth::None),
        (Some(secret), None, None) => Ok(Auth::Bearer { secret: secret.clone() }),
        (None, Some(name), Some(secret)) => {
            Ok(Auth::Header { name: name.to_lowercase(), secret: secret.clone() })
        }
        _ => Err(at.fail("take either `bearer: SECRET` or `header: NAME` with `secret: SECRET`")),
    }
}

fn body_wait(
    top: &Scope,
    manifest: &raw::Manifest,
    shape: &mut Shape,
) -> Result<Option<BodyWait>, ManifestError> {
    let Some(raw) = &manifest.rate_limit.body_wait else { return Ok(None) };
    let at = top.under("rate_limit").under("body_wait");
    let field = at.selector(&raw::OneOrMany::One(raw.field.clone()), shape)?;
    let unit_ms = match raw.unit {
        raw::Unit::S => 1_000,
        raw::Unit::Ms => 1,
    };
    Ok(Some(BodyWait { field, unit_ms }))
}

/// A stream's own rules, then its platform's.
pub(super) fn error_rules(
    at: &Scope,
    own: &[raw::ErrorRule],
    manifest: &raw::Manifest,
) -> Result<ErrorRules, ManifestError> {
    let at = at.under("errors");
    let mut shape = Shape::default();
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

fn for_each(at: &Scope, raw: &raw::ForEach, roles: Roles<'_>) -> Result<ForEach, ManifestError> {
    let mut shape = Shape::default();
    let (records, record) = at.under("records").path(&raw.records, &mut shape)?;
    let item = at.under("item").selector(&raw.item, record)?;
    let until = last_record(&at.under("pager"), &raw.pager, record)?;
    let pager = pager(&at.under("pager"), &raw.pager, until, &mut shape)?;
    Ok(ForEach {
        request: request(&at.under("request"), &raw.request, roles)?,
        paging: Paging {
            pager,
            page_size: PAGE_SIZE,
            pages_per_visit: PAGES_PER_VISIT,
            pages_max: PAGES_PER_VISIT,
            shape,
            records: Some(records),
            wait: None,
        },
        item,
        items_max: raw.items_max as usize,
    })
}
