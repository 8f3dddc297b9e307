//! Compiles streams: requests, pagers, and what their records say.

use super::compile_errors::{body_wait, error_rules};
use super::compile_pager::{last_record, pager};
use super::compile_records::{interactions, list_rules, profile_rules};
use super::compile_request::{RoleNames, request};
use super::compiled_request::StreamAuth;
use super::compiled_stream::{
    ForEach, ListRules, ManifestStream, PagingRules, ProfileRules, StreamKind,
};
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::nearest::instead;
use super::raw::RawManifest;
use super::raw_request::RawRequest;
use super::raw_stream::{RawAuth, RawForEach, RawStream};
use crate::path::{PageShape, PathEnd};

const PAGE_SIZE: u32 = 100;
const PAGES_PER_VISIT: u32 = 50;
const PAGES_MAX: u32 = 1_000;

/// Compiles the stream of this name.
pub(super) fn stream(
    top: &FieldPlace,
    name: &str,
    manifest: &RawManifest,
    roles: RoleNames<'_>,
) -> Result<ManifestStream, ManifestError> {
    let at = top.under("streams").under(name);
    let raw = &manifest.streams[name];
    let mut shape = PageShape::default();
    let (records, record) = match &raw.records {
        Some(path) => {
            let PathEnd { path, shape } = at.under("records").path(path, &mut shape)?;
            (Some(path), shape)
        }
        None => (None, &mut shape),
    };
    let kind = kind(&at, raw, manifest, roles, record)?;
    let until = last_record(&at.under("pager"), &raw.pager, record)?;
    let requests = raw.request.as_slice().iter();
    Ok(ManifestStream {
        name: name.to_owned(),
        about: raw.about.clone(),
        tested_by: raw.tested_by.clone(),
        auth: auth(&at.under("auth"), &raw.auth)?,
        requests: requests
            .map(|raw| request(&at.under("request"), raw, roles))
            .collect::<Result<_, _>>()?,
        paging: PagingRules {
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

fn at_least_one(
    at: &FieldPlace,
    field: &str,
    value: Option<u32>,
) -> Result<Option<u32>, ManifestError> {
    at.under(field).require(value != Some(0), "it must be at least 1")?;
    Ok(value)
}

fn kind(
    at: &FieldPlace,
    raw: &RawStream,
    manifest: &RawManifest,
    roles: RoleNames<'_>,
    record: &mut PageShape,
) -> Result<StreamKind, ManifestError> {
    match (&raw.profile, &raw.list, &raw.interactions) {
        (Some(profile), None, None) => {
            let missing = raw.missing.as_ref().map(|name| {
                let index = manifest.streams.keys().position(|known| known == name);
                let at = at.under("missing");
                index.ok_or_else(|| {
                    let known = manifest.streams.keys().map(String::as_str);
                    at.fail(format!("there is no stream `{name}`: {}", instead(name, known)))
                })
            });
            let batch = at_least_one(at, "batch", raw.batch)?.unwrap_or(1) as usize;
            let asks_for_many =
                |raw: &RawRequest| raw.query.values().any(|value| value.contains("{native_ids}"));
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

fn auth(at: &FieldPlace, raw: &RawAuth) -> Result<StreamAuth, ManifestError> {
    match (&raw.bearer, &raw.header, &raw.secret) {
        (None, None, None) => Ok(StreamAuth::None),
        (Some(secret), None, None) => Ok(StreamAuth::Bearer { secret: secret.clone() }),
        (None, Some(name), Some(secret)) => {
            Ok(StreamAuth::Header { name: name.to_lowercase(), secret: secret.clone() })
        }
        _ => Err(at.fail("take either `bearer: SECRET` or `header: NAME` with `secret: SECRET`")),
    }
}

fn for_each(
    at: &FieldPlace,
    raw: &RawForEach,
    roles: RoleNames<'_>,
) -> Result<ForEach, ManifestError> {
    let mut shape = PageShape::default();
    let PathEnd { path: records, shape: record } =
        at.under("records").path(&raw.records, &mut shape)?;
    let item = at.under("item").selector(&raw.item, record)?;
    let until = last_record(&at.under("pager"), &raw.pager, record)?;
    let pager = pager(&at.under("pager"), &raw.pager, until, &mut shape)?;
    Ok(ForEach {
        request: request(&at.under("request"), &raw.request, roles)?,
        paging: PagingRules {
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
