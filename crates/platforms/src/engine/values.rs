//! What templates are filled with, and the requests that come of it.

use model::observation::NamedProfile;
use model::port::WebRequest;

use crate::manifest::{PlatformManifest, RequestTemplate, StreamAuth};
use crate::template::{TemplateName, TextTemplate, escape_json, escape_url, plain};

/// The values of one request. What is not known is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TemplateValues<'v> {
    pub(super) native_id: Option<&'v str>,
    pub(super) native_ids: &'v [&'v str],
    pub(super) native_host: Option<&'v str>,
    pub(super) handle: Option<&'v str>,
    pub(super) host: Option<&'v str>,
    pub(super) local_id: Option<&'v str>,
    pub(super) page_size: Option<&'v str>,
    pub(super) cursor: Option<&'v str>,
    pub(super) item: Option<&'v str>,
}

impl<'v> TemplateValues<'v> {
    /// The values that name a profile.
    pub(super) fn of(manifest: &PlatformManifest, named: &'v NamedProfile) -> TemplateValues<'v> {
        let native_id = Some(named.native_id.as_str()).filter(|id| !id.is_empty());
        let native_host = native_id.and_then(|id| manifest.native_host(id));
        TemplateValues {
            native_id,
            native_host,
            handle: named.handle.as_deref(),
            host: named.host.as_deref().or(native_host),
            ..TemplateValues::default()
        }
    }

    pub(super) fn get(&self, name: TemplateName) -> Option<&'v str> {
        match name {
            TemplateName::NativeId => self.native_id,
            TemplateName::NativeIds => None,
            TemplateName::NativeHost => self.native_host,
            TemplateName::NativePath => self.native_id.and_then(path_of),
            TemplateName::Handle => self.handle,
            TemplateName::AcctUser => self.handle.and_then(|handle| handle.split('@').next()),
            TemplateName::AcctHost => {
                self.handle.and_then(|handle| Some(handle.split_once('@')?.1))
            }
            TemplateName::Host => self.host,
            TemplateName::LocalId => self.local_id,
            TemplateName::PageSize => self.page_size,
            TemplateName::Cursor => self.cursor,
            TemplateName::Item => self.item,
        }
    }
}

/// The path of a native id that is a URL, with its query.
fn path_of(native_id: &str) -> Option<&str> {
    let (_, rest) = native_id.split_once("://")?;
    let path = &rest[rest.find('/')?..];
    (!path.contains('#')).then_some(path)
}

/// Path and query of a request. `link` is what a Link header says, path and query or a query alone: its
/// fields go before the template's. An unknown cursor leaves its field out; the name of anything else
/// that is unknown is the error.
pub(super) fn path_and_query(
    template: &RequestTemplate,
    values: &TemplateValues<'_>,
    link: Option<&str>,
) -> Result<String, TemplateName> {
    let get = |name| values.get(name);
    let (linked_path, link) = match link {
        Some(link) if link.starts_with('/') => {
            let (path, query) = link.split_once('?').unwrap_or((link, ""));
            (Some(path.to_owned()), Some(query))
        }
        link => (None, link),
    };
    // A URL's path is escaped already.
    let is_url = template.path.has(TemplateName::NativePath);
    let escape = if is_url { plain } else { escape_url };
    let own_path = template.path.fill(&get, &escape)?;
    let mut out = linked_path.unwrap_or(own_path);
    let mut mark = '?';
    let mut push = |out: &mut String, name: &str, value: &str| {
        out.push(std::mem::replace(&mut mark, '&'));
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    };
    let linked = |field: &str| {
        link.is_some_and(|link| link.split('&').any(|pair| pair.split('=').next() == Some(field)))
    };
    for (field, value) in template.query.iter().filter(|(field, _)| !linked(field)) {
        if value.has(TemplateName::NativeIds) {
            for native_id in values.native_ids {
                let mut escaped = String::new();
                escape_url(native_id, &mut escaped);
                push(&mut out, field, &escaped);
            }
            continue;
        }
        match value.fill(&get, &escape_url) {
            Ok(value) => push(&mut out, field, &value),
            Err(TemplateName::Cursor) => {}
            Err(name) => return Err(name),
        }
    }
    for pair in link.iter().flat_map(|link| link.split('&')).filter(|pair| !pair.is_empty()) {
        let (field, value) = pair.split_once('=').unwrap_or((pair, ""));
        push(&mut out, field, value);
    }
    Ok(out)
}

/// The whole request, without its secrets.
pub(super) fn request(
    template: &RequestTemplate,
    values: &TemplateValues<'_>,
    base: &str,
    path_and_query: &str,
) -> Result<WebRequest, TemplateName> {
    let get = |name| values.get(name);
    let header = |(name, value): &(String, TextTemplate)| {
        Ok((name.to_lowercase(), value.fill(&get, &plain)?))
    };
    let mut headers = vec![("accept".to_owned(), "application/json, */*;q=0.1".to_owned())];
    let own = template.headers.iter().map(header).collect::<Result<Vec<_>, TemplateName>>()?;
    headers.extend(own);
    let body = template.body.as_ref().map(|body| body.fill(&get, &escape_json)).transpose()?;
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Ok(WebRequest {
        url: format!("{base}{path_and_query}"),
        headers,
        body: body.map(String::into_bytes),
        redirected_by: None,
    })
}

/// The header that authorises a stream's requests; the name of a missing secret otherwise.
pub(super) fn authorise<'s>(
    auth: &'s StreamAuth,
    secret: &dyn Fn(&str) -> Option<&'s str>,
) -> Result<Option<(String, String)>, &'s str> {
    match auth {
        StreamAuth::None => Ok(None),
        StreamAuth::Bearer { secret: name } => {
            let token = secret(name).ok_or(name.as_str())?;
            Ok(Some(("authorization".to_owned(), format!("Bearer {token}"))))
        }
        StreamAuth::Header { name, secret: of } => {
            let value = secret(of).ok_or(of.as_str())?;
            Ok(Some((name.clone(), value.to_owned())))
        }
    }
}
