//! Sends a request for a page to its target: a fixed, templated or discovered server.

use super::CrawlEngine;
use super::context::FetchContext;
use super::page_request::{PageAnswer, PageRequest, RequestTarget};
use super::send::send;
use super::stop_reason::StopReason;
use super::stream_scope::StreamScope;
use super::subject::FetchSubject;
use super::values::{TemplateValues, authorise, path_and_query, request};
use super::visit_pages::VisitPages;
use crate::manifest::{OriginDiscovery, RequestTemplate, ServerRole, StreamAuth};
use crate::origin::ServerOrigin;
use crate::path::SelectorContext;
use crate::template::{TemplateName, TextTemplate, plain};

impl CrawlEngine {
    /// Requests the next page of a visit to a stream.
    pub(super) async fn request_next(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        pages: &mut VisitPages,
    ) -> Result<PageAnswer, StopReason> {
        let paging = &scope.stream.paging;
        let size = paging.page_size.to_string();
        let cursor = pages.next_cursor(paging)?;
        let values = TemplateValues {
            page_size: Some(&size),
            cursor: cursor.as_deref(),
            item: pages.checkpoint.item.as_deref(),
            ..scope.values()
        };
        let request = scope.page_request(&scope.stream.requests, values);
        self.request_page(fetch, request).await
    }

    /// Sends a request for a page and judges its answer.
    pub(super) async fn request_page(
        &self,
        fetch: &mut FetchContext<'_>,
        ask: PageRequest<'_>,
    ) -> Result<PageAnswer, StopReason> {
        let ApplicableRequest { template, path } = applicable(&ask)?;
        let target = self.target(fetch, &ask, template).await?;
        let mut request =
            request(template, &ask.values, &target.base, &path).map_err(unknown_name)?;
        let secret = |name: &str| self.settings.secrets.get(name);
        let authorised = authorise(ask.auth, &secret).map_err(|name| {
            StopReason::Refused(format!("the secret `{name}` is not configured"))
        })?;
        request.headers.extend(authorised);
        let mut answer = send(fetch, &ask, target, request).await?;
        // At the last try it is no passing fault: such bytes then cost themselves and not their page.
        if ask.attempt + 1 >= FetchSubject::READINGS {
            answer.replace_bad_bytes();
        }
        Ok(answer)
    }

    async fn target(
        &self,
        fetch: &mut FetchContext<'_>,
        ask: &PageRequest<'_>,
        template: &RequestTemplate,
    ) -> Result<RequestTarget, StopReason> {
        let role = &ask.manifest.roles[template.role];
        let Some(base) = &role.base else {
            return self.discovered(fetch, ask, role).await;
        };
        let Some(host) = &template.host else {
            return self.templated(role, base, &ask.values);
        };
        let host = host.fill(&|name| ask.values.get(name), &plain).map_err(unknown_name)?;
        self.templated(role, base, &TemplateValues { host: Some(&host), ..ask.values })
    }

    /// The target of a role whose origin is fixed or templated.
    fn templated(
        &self,
        role: &ServerRole,
        base: &TextTemplate,
        values: &TemplateValues<'_>,
    ) -> Result<RequestTarget, StopReason> {
        let is_templated = base.names().next().is_some();
        let stand_in = self.settings.origins.of_role(&role.name);
        if let (Some(origin), false) = (stand_in, is_templated) {
            return Ok(RequestTarget::at(origin));
        }
        let url = base.fill(&|name| values.get(name), &plain).map_err(unknown_name)?;
        let origin =
            ServerOrigin::parse(&url).map_err(|error| StopReason::Refused(error.to_string()))?;
        Ok(match stand_in {
            Some(stand_in) => RequestTarget {
                base: stand_in.as_str().to_owned(),
                host: origin.host().to_owned(),
                host_header: Some(origin.host().to_owned()),
            },
            None => RequestTarget::at(&origin),
        })
    }

    /// The target of a role whose server is found out for each profile.
    async fn discovered(
        &self,
        fetch: &mut FetchContext<'_>,
        ask: &PageRequest<'_>,
        role: &ServerRole,
    ) -> Result<RequestTarget, StopReason> {
        if let Some(origin) = self.settings.origins.of_role(&role.name) {
            return Ok(RequestTarget::at(origin));
        }
        let native_id = ask.values.native_id.unwrap_or_default();
        if let Some(origin) = fetch.memory.origin(native_id) {
            return Ok(RequestTarget::at(&origin));
        }
        let way = role.discover.iter().find(|way| way.applies_to.is_match(native_id));
        let way =
            way.ok_or_else(|| StopReason::Refused(format!("`{native_id}` names no server")))?;
        let origin = self.discover(fetch, ask, way).await?;
        fetch.memory.keep_origin(native_id.to_owned(), origin.clone());
        Ok(RequestTarget::at(&origin))
    }

    async fn discover(
        &self,
        fetch: &mut FetchContext<'_>,
        ask: &PageRequest<'_>,
        way: &OriginDiscovery,
    ) -> Result<ServerOrigin, StopReason> {
        let values = TemplateValues { cursor: None, ..ask.values };
        let path = path_and_query(&way.request, &values, None).map_err(unknown_name)?;
        let role = &ask.manifest.roles[way.request.role];
        let no_base = || StopReason::Refused(format!("the role `{}` has no address", role.name));
        let target = self.templated(role, role.base.as_ref().ok_or_else(no_base)?, &values)?;
        let request = request(&way.request, &values, &target.base, &path).map_err(unknown_name)?;
        let plain = PageRequest { auth: &StreamAuth::None, errors: &ask.manifest.errors, ..*ask };
        let answer = send(fetch, &plain, target, request).await?;
        let page = answer.page(&way.shape)?;
        let origin = way.origin.text(&page, SelectorContext { host: &answer.host });
        let origin = origin.and_then(|url| ServerOrigin::parse(&url).ok());
        origin.ok_or_else(|| StopReason::Refused(format!("{} names no server", answer.host)))
    }
}

fn unknown_name(name: TemplateName) -> StopReason {
    StopReason::Refused(format!("the profile's {name} is not known"))
}

/// A request whose names are all known.
struct ApplicableRequest<'a> {
    template: &'a RequestTemplate,
    path: String,
}

/// The first request whose names are all known.
fn applicable<'a>(ask: &PageRequest<'a>) -> Result<ApplicableRequest<'a>, StopReason> {
    let mut missing = None;
    for template in ask.requests {
        match path_and_query(template, &ask.values, ask.link) {
            Ok(path) => return Ok(ApplicableRequest { template, path }),
            Err(name) => missing = Some(name),
        }
    }
    Err(missing.map_or_else(|| StopReason::Refused("there is no request".to_owned()), unknown_name))
}
