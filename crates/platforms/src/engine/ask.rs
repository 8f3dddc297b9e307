//! One request: where it goes, whether it may go, and what the answer means.

use model::port::{Clock, Request, Response, Web, WebError};
use model::profile::Gone;
use model::time::Timestamp;

use super::Engine;
use super::values::{Values, authorise, path_and_query, request};
use super::via::{Gate, Via};
use crate::limits;
use crate::manifest::{Auth, Discover, ErrorRules, Manifest, RequestTemplate};
use crate::origin::Origin;
use crate::path::{Context, Node, Shape, read};
use crate::template::plain;
use crate::verdict::{self, Verdict};
use crate::window;

/// Why there is no page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// No token, or the host has closed for this round: go on later.
    Cut,
    Retry {
        after_ms: Option<u64>,
        why: String,
    },
    Refused(String),
    Gone(Gone),
    Hidden,
    Empty,
}

impl Stop {
    pub(super) fn retry(why: impl ToString) -> Stop {
        Stop::Retry { after_ms: None, why: why.to_string() }
    }
}

/// Where a request goes.
#[derive(Debug)]
struct Target {
    /// The origin, without a trailing slash.
    base: String,
    /// The host whose budget is charged.
    host: String,
    /// The `Host` header, where it is not the origin's own.
    host_header: Option<String>,
}

/// An answer that is a page, and who gave it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) host: String,
}

impl Answer {
    /// What `shape` wants of the body. Trouble names the host: there may have been several.
    pub(super) fn page(&self, shape: &Shape) -> Result<Node<'_>, Stop> {
        let read = read(shape, &self.response.body);
        read.map_err(|error| Stop::retry(format!("{}: {error}", self.host)))
    }
}

/// What a request is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) manifest: &'a Manifest,
    /// The first whose names are all known is sent.
    pub(super) requests: &'a [RequestTemplate],
    pub(super) auth: &'a Auth,
    pub(super) errors: &'a ErrorRules,
    pub(super) values: Values<'a>,
    /// The query of a Link header.
    pub(super) link: Option<&'a str>,
}

impl Engine {
    /// Sends one request and judges its answer.
    pub(super) async fn ask<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        ask: Ask<'_>,
    ) -> Result<Answer, Stop> {
        let (template, path) = applicable(&ask)?;
        let target = self.target(via, &ask, template).await?;
        let unknown = |name| Stop::Refused(format!("the profile's {name} is not known"));
        let mut request = request(template, &ask.values, &target.base, &path).map_err(unknown)?;
        let secret = |name: &str| self.settings.secrets.get(name).map(String::as_str);
        let authorised = authorise(ask.auth, &secret)
            .map_err(|name| Stop::Refused(format!("the secret `{name}` is not configured")))?;
        request.headers.extend(authorised);
        send(via, &ask, target, request).await
    }

    async fn target<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        ask: &Ask<'_>,
        template: &RequestTemplate,
    ) -> Result<Target, Stop> {
        let role = &ask.manifest.roles[template.role];
        let Some(base) = &role.base else {
            return self.discovered(via, ask, template).await;
        };
        let values = match &template.host {
            Some(host) => {
                let host = host.fill(&|name| ask.values.get(name), &plain).map_err(unknown_name)?;
                return self.at(
                    ask.manifest,
                    template.role,
                    base,
                    &Values { host: Some(&host), ..ask.values },
                );
            }
            None => ask.values,
        };
        self.at(ask.manifest, template.role, base, &values)
    }

    /// The target of a role whose origin is fixed or templated.
    fn at(
        &self,
        manifest: &Manifest,
        role: usize,
        base: &crate::template::Template,
        values: &Values<'_>,
    ) -> Result<Target, Stop> {
        let is_templated = base.names().next().is_some();
        let stand_in = self.settings.origins.of_role(&manifest.roles[role].name);
        if let (Some(origin), false) = (stand_in, is_templated) {
            return Ok(Target::at(origin));
        }
        let url = base.fill(&|name| values.get(name), &plain).map_err(unknown_name)?;
        let origin = Origin::parse(&url).map_err(|error| Stop::Refused(error.to_string()))?;
        Ok(match stand_in {
            Some(stand_in) => Target {
                base: stand_in.as_str().to_owned(),
                host: origin.host().to_owned(),
                host_header: Some(origin.host().to_owned()),
            },
            None => Target::at(&origin),
        })
    }

    /// The target of a role that each profile has at a place of its own.
    async fn discovered<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        ask: &Ask<'_>,
        template: &RequestTemplate,
    ) -> Result<Target, Stop> {
        let role = &ask.manifest.roles[template.role];
        if let Some(origin) = self.settings.origins.of_role(&role.name) {
            return Ok(Target::at(origin));
        }
        let native_id = ask.values.native_id.unwrap_or_default();
        if let Some(origin) = via.memory.origin(native_id) {
            return Ok(Target::at(&origin));
        }
        let way = role.discover.iter().find(|way| way.applies_to.is_match(native_id));
        let way = way.ok_or_else(|| Stop::Refused(format!("`{native_id}` tells no server")))?;
        let origin = self.discover(via, ask, way).await?;
        via.memory.keep_origin(native_id.to_owned(), origin.clone());
        Ok(Target::at(&origin))
    }

    async fn discover<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        ask: &Ask<'_>,
        way: &Discover,
    ) -> Result<Origin, Stop> {
        let values = Values { cursor: None, ..ask.values };
        let path = path_and_query(&way.request, &values, None).map_err(unknown_name)?;
        let base = ask.manifest.roles[way.request.role].base.as_ref();
        let base = base.ok_or_else(|| Stop::Refused("a server nobody can find".to_owned()))?;
        let target = self.at(ask.manifest, way.request.role, base, &values)?;
        let request = request(&way.request, &values, &target.base, &path).map_err(unknown_name)?;
        let plain = Ask { auth: &Auth::None, errors: &ask.manifest.errors, ..*ask };
        let answer = send(via, &plain, target, request).await?;
        let page = answer.page(&way.shape)?;
        let origin = way.origin.text(&page, Context { host: &answer.host });
        let origin = origin.and_then(|url| Origin::parse(&url).ok());
        origin.ok_or_else(|| Stop::Refused(format!("{} names no server", answer.host)))
    }
}

impl Target {
    fn at(origin: &Origin) -> Target {
        Target {
            base: origin.as_str().to_owned(),
            host: origin.host().to_owned(),
            host_header: None,
        }
    }
}

fn unknown_name(name: crate::template::Name) -> Stop {
    Stop::Refused(format!("the profile's {name} is not known"))
}

/// The first request whose names are all known, and its path.
fn applicable<'a>(ask: &Ask<'a>) -> Result<(&'a RequestTemplate, String), Stop> {
    let mut missing = None;
    for template in ask.requests {
        match path_and_query(template, &ask.values, ask.link) {
            Ok(path) => return Ok((template, path)),
            Err(name) => missing = Some(name),
        }
    }
    Err(missing.map_or_else(|| Stop::Refused("there is no request".to_owned()), unknown_name))
}

async fn send<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    ask: &Ask<'_>,
    target: Target,
    mut request: Request,
) -> Result<Answer, Stop> {
    let host = target.host;
    if via.is_closed(&host) {
        return Err(Stop::Cut);
    }
    if via.gate.pass(&host).await.is_err() {
        via.close(&host);
        return Err(Stop::Cut);
    }
    request.headers.extend(target.host_header.map(|value| ("host".to_owned(), value)));
    via.requests += 1;
    let fetched = via.web.fetch(request).await;
    let now = via.clock.now();
    let news = via.news_of(&host);
    news.answered = !matches!(fetched, Err(WebError::Unreachable { .. }));
    let response = match fetched {
        Ok(response) => response,
        Err(error) => {
            if matches!(error, WebError::Unreachable { .. }) {
                via.close(&host);
            }
            return Err(judge(verdict::of_error(&error)));
        }
    };
    listen(via, ask.manifest, &host, &response, now);
    match verdict::of_answer(ask.errors, &response, &host) {
        Verdict::Page => Ok(Answer { response, host }),
        Verdict::RateLimited(told_ms) => {
            let until = limits::pause_until(&ask.manifest.rate, &response, told_ms, now);
            via.pause(&host, until);
            let wait = until.as_millisecond() - now.as_millisecond();
            let after_ms = Some(u64::try_from(wait).unwrap_or(0));
            Err(Stop::Retry { after_ms, why: format!("{host} asks for a pause") })
        }
        other => Err(judge(other)),
    }
}

fn judge(verdict: Verdict) -> Stop {
    match verdict {
        Verdict::Page | Verdict::Empty => Stop::Empty,
        Verdict::Hidden => Stop::Hidden,
        Verdict::Gone(gone) => Stop::Gone(gone),
        Verdict::RateLimited(after_ms) => {
            Stop::Retry { after_ms, why: "the host asks for a pause".to_owned() }
        }
        Verdict::Retry(why) => Stop::retry(why),
        Verdict::GiveUp(why) => Stop::Refused(why),
    }
}

/// Takes note of what an answer's headers announce.
fn listen<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    manifest: &Manifest,
    host: &str,
    response: &Response,
    now: Timestamp,
) {
    let announced = limits::announced(&manifest.rate, response, now);
    let usual_ms = manifest.rate.window_ms;
    let limit =
        via.memory.with_window(host, |window| window::limit(window, announced, usual_ms, now));
    if limit.is_some() {
        via.news_of(host).limit = limit;
    }
    if let (Some(0), Some(reset)) = (announced.remaining, announced.reset)
        && reset > now
    {
        via.pause(host, reset);
    }
}
