//! Compiles requests.

use std::collections::BTreeMap;

use super::compiled_request::RequestTemplate;
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::nearest::instead;
use super::raw_request::RawRequest;
use crate::template::TemplateName;

/// The names of a manifest's roles, in the order of their indices.
pub(super) type RoleNames<'r> = &'r [&'r String];

/// The index of a role.
pub(super) fn role(
    at: &FieldPlace,
    name: &String,
    roles: RoleNames<'_>,
) -> Result<usize, ManifestError> {
    let index = roles.iter().position(|known| *known == name);
    index.ok_or_else(|| {
        let known = roles.iter().map(|role| role.as_str());
        at.fail(format!("`origins` has no role `{name}`: {}", instead(name, known)))
    })
}

/// Compiles a request.
pub(super) fn request(
    at: &FieldPlace,
    raw: &RawRequest,
    roles: RoleNames<'_>,
) -> Result<RequestTemplate, ManifestError> {
    let is_path = raw.path.starts_with('/') || raw.path == "{native_path}";
    at.under("path").require(is_path, "it must begin with `/`, or be `{native_path}`")?;
    let pairs = |field: &str, raw: &BTreeMap<String, String>| {
        let at = at.under(field);
        let pair =
            |(name, text): (&String, &String)| Ok((name.clone(), at.under(name).template(text)?));
        raw.iter().map(pair).collect::<Result<Vec<_>, ManifestError>>()
    };
    let maybe = |field: &str, text: &Option<String>| {
        text.as_ref().map(|text| at.under(field).template(text)).transpose()
    };
    let request = RequestTemplate {
        role: role(&at.under("role"), &raw.role, roles)?,
        host: maybe("host", &raw.host)?,
        path: at.under("path").template(&raw.path)?,
        query: pairs("query", &raw.query)?,
        headers: pairs("headers", &raw.headers)?,
        body: maybe("body", &raw.body)?,
    };
    let batched = request.path.has(TemplateName::NativeIds);
    at.under("path").require(!batched, "{native_ids} may only be a value of the query")?;
    Ok(request)
}
