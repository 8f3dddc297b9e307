//! From the written manifest to the one that runs; everything that can be wrong is found here.

use model::budget::HostLimit;

use super::compile_stream::{error_rules, stream};
use super::error::ManifestError;
use super::nouns::{
    ClaimPattern, ClaimRules, Discover, HandleRule, Lookup, Manifest, RateRules, RequestTemplate,
    Role, Stream, StreamKind,
};
use super::raw;
use super::scope::Scope;
use crate::path::Shape;
use crate::template::Name;

/// The names of a manifest's roles, in the order of their indices.
pub(super) type Roles<'r> = &'r [&'r String];

/// Reads and checks one manifest. `file` is only named in complaints.
pub(crate) fn manifest(file: &str, yaml: &str) -> Result<Manifest, ManifestError> {
    let top = Scope::file(file);
    let raw: raw::Manifest =
        serde_yaml_ng::from_str(yaml).map_err(|error| top.under("form").fail(error))?;
    let names: Vec<&String> = raw.origins.keys().collect();
    let (streams, plan) = streams(&top, &raw, &names)?;
    let lookup_at = |field: &str, lookup: &Option<raw::Lookup>| {
        let at = top.under("names").under(field);
        lookup.as_ref().map(|lookup| self::lookup(&at, lookup, &names)).transpose()
    };
    let resolve = raw.resolve.iter().enumerate();
    let resolve = resolve.map(|(n, raw)| lookup(&top.under(format!("resolve[{n}]")), raw, &names));
    Ok(Manifest {
        platform: raw.platform.parse().map_err(|error| top.under("platform").fail(error))?,
        dialects: raw.dialects.clone(),
        handle: handle(&top.under("handle"), &raw.handle)?,
        home: role(&top.under("home"), &raw.home, &names)?,
        roles: roles(&top.under("origins"), &raw, &names)?,
        rate: rate(&top.under("rate_limit"), &raw.rate_limit)?,
        errors: error_rules(&top, &[], &raw)?,
        claims: claims(&top.under("claims"), &raw.claims)?,
        resolve: resolve.collect::<Result<_, _>>()?,
        by_local_id: lookup_at("local_id", &raw.names.local_id)?,
        by_handle: lookup_at("handle", &raw.names.handle)?,
        own_name: lookup_at("own", &raw.names.own)?,
        plan,
        streams,
    })
}

fn streams(
    top: &Scope,
    raw: &raw::Manifest,
    roles: Roles<'_>,
) -> Result<(Vec<Stream>, Vec<usize>), ManifestError> {
    let names: Vec<&str> = raw.streams.keys().map(String::as_str).collect();
    let compiled: Vec<Stream> =
        names.iter().map(|name| stream(top, name, raw, roles)).collect::<Result<_, _>>()?;
    let at = top.under("plan");
    let find = |name: &String| {
        let index = names.iter().position(|known| known == name);
        index.ok_or_else(|| at.fail(format!("there is no stream `{name}`")))
    };
    let plan: Vec<usize> = raw.plan.iter().map(find).collect::<Result<_, _>>()?;
    let is_profile = |&index: &usize| matches!(compiled[index].kind, StreamKind::Profile(_));
    at.require(plan.first().is_some_and(is_profile), "it must begin with a profile stream")?;
    at.require(!plan[1..].iter().any(is_profile), "only its first stream may be a profile stream")?;
    Ok((compiled, plan))
}

fn handle(at: &Scope, raw: &raw::Handle) -> Result<HandleRule, ManifestError> {
    let pattern = at.under("pattern").regex(&raw.pattern)?;
    at.under("example").require(pattern.is_match(&raw.example), "it does not fit the pattern")?;
    let native_host = raw.native_host.as_ref();
    let native_host = native_host.map(|host| at.under("native_host").regex(host)).transpose()?;
    Ok(HandleRule {
        pattern,
        example: raw.example.clone(),
        fold: raw.fold,
        native: at.under("native").regex(&raw.native)?,
        native_host,
    })
}

fn roles(at: &Scope, raw: &raw::Manifest, names: Roles<'_>) -> Result<Vec<Role>, ManifestError> {
    let role = |(name, origin): (&String, &raw::Origin)| {
        let at = at.under(name);
        at.require(
            origin.url.is_some() || !origin.discover.is_empty(),
            "give it a `url` or tell how to `discover` it",
        )?;
        let base = origin.url.as_ref().map(|url| at.under("url").template(url)).transpose()?;
        let discover = origin.discover.iter();
        Ok(Role {
            name: name.clone(),
            base,
            limit: limit(&at.under("limit"), origin.limit)?,
            discover: discover
                .map(|raw| self::discover(&at.under("discover"), raw, names))
                .collect::<Result<_, _>>()?,
        })
    };
    raw.origins.iter().map(role).collect()
}

fn discover(at: &Scope, raw: &raw::Discover, roles: Roles<'_>) -> Result<Discover, ManifestError> {
    let mut shape = Shape::default();
    Ok(Discover {
        applies_to: at.under("for").regex(&raw.applies_to)?,
        request: request(&at.under("request"), &raw.request, roles)?,
        origin: at.under("origin").selector(&raw.origin, &mut shape)?,
        shape,
    })
}

fn limit(at: &Scope, raw: raw::Limit) -> Result<HostLimit, ManifestError> {
    let window_ms = raw.window_seconds.checked_mul(1_000).filter(|&window| window > 0);
    let window_ms = window_ms.ok_or_else(|| at.fail("the window must be 1 to 4,294,967 s"))?;
    at.require(raw.requests > 0, "it must allow at least one request")?;
    Ok(HostLimit { requests: raw.requests, window_ms })
}

fn rate(at: &Scope, raw: &raw::RateLimit) -> Result<RateRules, ManifestError> {
    let window = raw::Limit { requests: 1, window_seconds: raw.window_seconds };
    for header in [&raw.limit, &raw.remaining, &raw.reset, &raw.policy].into_iter().flatten() {
        at.require(*header == header.to_lowercase(), "header names are in lower case")?;
    }
    Ok(RateRules {
        limit: raw.limit.clone(),
        remaining: raw.remaining.clone(),
        reset: raw.reset.clone(),
        form: raw.form,
        policy: raw.policy.clone(),
        window_ms: limit(at, window)?.window_ms,
    })
}

fn claims(at: &Scope, raw: &raw::Claims) -> Result<ClaimRules, ManifestError> {
    let patterns = |field: &str, raw: &[raw::ClaimPattern]| {
        let at = at.under(field);
        let pattern = |raw: &raw::ClaimPattern| {
            Ok(ClaimPattern { pattern: at.regex(&raw.pattern)?, name: raw.name.clone() })
        };
        raw.iter().map(pattern).collect::<Result<Vec<_>, ManifestError>>()
    };
    Ok(ClaimRules {
        pages: patterns("pages", &raw.pages)?,
        words: patterns("words", &raw.words)?,
        except: raw.except.clone(),
    })
}

fn lookup(at: &Scope, raw: &raw::Lookup, roles: Roles<'_>) -> Result<Lookup, ManifestError> {
    let mut shape = Shape::default();
    at.require(raw.native_id.is_some() || raw.handle.is_some(), "it tells no name")?;
    Ok(Lookup {
        request: request(&at.under("request"), &raw.request, roles)?,
        native_id: at.maybe("native_id", raw.native_id.as_ref(), &mut shape)?,
        handle: at.maybe("handle", raw.handle.as_ref(), &mut shape)?,
        local_id: at.maybe("local_id", raw.local_id.as_ref(), &mut shape)?,
        shape,
    })
}

fn role(at: &Scope, name: &String, roles: Roles<'_>) -> Result<usize, ManifestError> {
    let index = roles.iter().position(|known| *known == name);
    index.ok_or_else(|| at.fail(format!("`origins` has no role `{name}`")))
}

/// Compiles a request.
pub(super) fn request(
    at: &Scope,
    raw: &raw::Request,
    roles: Roles<'_>,
) -> Result<RequestTemplate, ManifestError> {
    let is_path = raw.path.starts_with('/') || raw.path == "{native_path}";
    at.under("path").require(is_path, "it must begin with `/`, or be `{native_path}`")?;
    let pairs = |field: &str, raw: &std::collections::BTreeMap<String, String>| {
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
    let batched = request.path.has(Name::NativeIds);
    at.under("path").require(!batched, "{native_ids} may only be a value of the query")?;
    Ok(request)
}
