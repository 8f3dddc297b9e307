//! One request: where it goes, and what the answer means.

use std::borrow::Cow;

use model::port::{Clock, Web, WebResponse};
use model::profile::GoneReason;

use super::Engine;
use super::send::send;
use super::subject::Subject;
use super::values::{Values, authorise, path_and_query, request};
use super::via::{Gate, Via};
use crate::manifest::{Auth, Discover, ErrorRules, Manifest, RequestTemplate};
use crate::origin::Origin;
use crate::path::{Context, Node, Shape, read, text_of};
use crate::template::plain;

/// Why there is no page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// No token, or the host has closed for this round: go on later.
    Cut,
    Retry {
        after_ms: Option<u64>,
        why: String,
    },
    /// The answer is not of the form that was expected.
    Unreadable(String),
    Refused(String),
    /// The host's robots.txt does not let us ask.
    Disallowed(String),
    Gone(GoneReason),
    Hidden,
    Empty,
}

impl Stop {
    pub(super) fn retry(why: impl ToString) -> Stop {
        Stop::Retry { after_ms: None, why: why.to_string() }
    }
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The origin, without a trailing slash.
    pub(super) base: String,
    /// The host whose budget is charged.
    pub(super) host: String,
    /// The `Host` header, where it is not the origin's own.
    pub(super) host_header: Option<String>,
}

/// An answer that is a page, and who gave it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: WebResponse,
    pub(super) host: String,
}

impl Answer {
    /// What `shape` wants of the body. Trouble names the host: there may have been several.
    pub(super) fn page(&self, shape: &Shape) -> Result<Node<'_>, Stop> {
        let read = text_of(&self.response.body).and_then(|text| read(shape, text));
        read.map_err(|error| Stop::Unreadable(format!("{}: {error}", self.host)))
    }

    /// Lets bytes that are no text stand for unknown characters.
    fn forgive(&mut self) {
        if let Cow::Owned(text) = String::from_utf8_lossy(&self.response.body) {
            self.response.body = text.into_bytes();
        }
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
    /// What a Link header says: path and query, or a query alone.
    pub(super) link: Option<&'a str>,
    /// How often it was asked in vain before.
    pub(super) attempt: u32,
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
        let mut answer = send(via, &ask, target, request).await?;
        // By the last try it is no passing fault: such bytes then cost themselves and not their page.
        if ask.attempt + 1 >= Subject::READINGS {
            answer.forgive();
        }
        Ok(answer)
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
    pub(super) fn at(origin: &Origin) -> Target {
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
