//! Compiles a written manifest to the one that runs, and finds everything that can be wrong in it.

use model::Platform;
use model::budget::HostLimit;
use model::platform::{HandleForm, Listing, PlatformDeclaration};

use super::compile_errors::error_rules;
use super::compile_request::{RoleNames, request, role};
use super::compile_stream::stream;
use super::compiled::{
    ClaimPattern, ClaimRules, HandleRule, NameLookup, OriginDiscovery, PlatformManifest, RateRules,
    ServerRole,
};
use super::compiled_stream::{ManifestStream, StreamKind};
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::nearest::instead;
use super::raw;
use crate::path::PageShape;

/// The version of the language that this release reads.
const VERSION: u32 = 1;

/// Reads and checks one manifest. `file` is only named in errors.
pub(crate) fn manifest(file: &str, yaml: &str) -> Result<PlatformManifest, ManifestError> {
    let raw = read(file, yaml)?;
    compiled(&FieldPlace::file(file), &raw).map_err(|error| error.on_line_of(yaml))
}

/// Checks a manifest but for its platform, which may not be known yet.
pub(crate) fn check(file: &str, yaml: &str) -> Result<(), ManifestError> {
    let mut raw = read(file, yaml)?;
    raw.platform = Platform::FILE.slug().to_owned();
    (raw.listing, raw.handle.form) = (None, None);
    compiled(&FieldPlace::file(file), &raw).map(drop).map_err(|error| error.on_line_of(yaml))
}

/// What a manifest says of its platform, before anything else of it is checked. `file` is only named in errors.
pub(crate) fn declaration(file: &str, yaml: &str) -> Result<PlatformDeclaration, ManifestError> {
    let raw = read(file, yaml)?;
    let fail = |error| FieldPlace::file(file).under("platform").fail(error).on_line_of(yaml);
    Ok(PlatformDeclaration {
        slug: raw.platform.parse().map_err(fail)?,
        listing: raw.listing.unwrap_or(Listing::OptOut),
        handles: raw.handle.form.unwrap_or(HandleForm::Word),
    })
}

fn read(file: &str, yaml: &str) -> Result<raw::RawManifest, ManifestError> {
    serde_saphyr::from_str(yaml).map_err(|error| ManifestError::of_form(file, &error))
}

fn compiled(top: &FieldPlace, raw: &raw::RawManifest) -> Result<PlatformManifest, ManifestError> {
    let why = format!("this release reads version {VERSION}");
    top.under("version").require(raw.version == VERSION, &why)?;
    let names: Vec<&String> = raw.origins.keys().collect();
    let streams = streams(top, raw, &names)?;
    let plan = plan(&top.under("plan"), raw, &streams)?;
    let lookup_at = |field: &str, lookup: &Option<raw::RawLookup>| {
        let at = top.under("names").under(field);
        lookup.as_ref().map(|lookup| self::lookup(&at, lookup, &names)).transpose()
    };
    let resolve = raw.resolve.iter().enumerate();
    let resolve = resolve.map(|(n, raw)| lookup(&top.under(format!("resolve[{n}]")), raw, &names));
    Ok(PlatformManifest {
        platform: platform(top, raw)?,
        dialects: raw.dialects.clone(),
        handle: handle(&top.under("handle"), &raw.handle)?,
        home: role(&top.under("home"), &raw.home, &names)?,
        roles: roles(&top.under("origins"), raw, &names)?,
        rate: rate(&top.under("rate_limit"), &raw.rate_limit)?,
        errors: error_rules(top, &[], raw)?,
        claims: claims(&top.under("claims"), &raw.claims)?,
        resolve: resolve.collect::<Result<_, _>>()?,
        by_local_id: lookup_at("local_id", &raw.names.local_id)?,
        by_handle: lookup_at("handle", &raw.names.handle)?,
        own_name: lookup_at("own", &raw.names.own)?,
        plan,
        streams,
    })
}

/// The platform, which must be what the manifest says of it, where that says something.
fn platform(top: &FieldPlace, raw: &raw::RawManifest) -> Result<Platform, ManifestError> {
    let at = top.under("platform");
    let platform: Platform = raw.platform.parse().map_err(|error| at.fail(error))?;
    let listing = raw.listing.is_none_or(|listing| listing == platform.listing());
    top.under("listing").require(listing, "the platform is known with another listing")?;
    let handles = raw.handle.form.is_none_or(|form| form == platform.handles());
    let at = top.under("handle").under("form");
    at.require(handles, "the platform is known with another form of handles")?;
    Ok(platform)
}

fn streams(
    top: &FieldPlace,
    raw: &raw::RawManifest,
    roles: RoleNames<'_>,
) -> Result<Vec<ManifestStream>, ManifestError> {
    raw.streams.keys().map(|name| stream(top, name, raw, roles)).collect()
}

/// The indices of the streams of a round.
fn plan(
    at: &FieldPlace,
    raw: &raw::RawManifest,
    streams: &[ManifestStream],
) -> Result<Vec<usize>, ManifestError> {
    let find = |name: &String| {
        let index = streams.iter().position(|stream| stream.name == *name);
        index.ok_or_else(|| {
            let known = raw.streams.keys().map(String::as_str);
            at.fail(format!("there is no stream `{name}`: {}", instead(name, known)))
        })
    };
    let plan: Vec<usize> = raw.plan.iter().map(find).collect::<Result<_, _>>()?;
    let is_profile = |&index: &usize| matches!(streams[index].kind, StreamKind::Profile(_));
    at.require(plan.first().is_some_and(is_profile), "it must begin with a profile stream")?;
    at.require(!plan[1..].iter().any(is_profile), "only its first stream may be a profile stream")?;
    Ok(plan)
}

fn handle(at: &FieldPlace, raw: &raw::RawHandle) -> Result<HandleRule, ManifestError> {
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

fn roles(
    at: &FieldPlace,
    raw: &raw::RawManifest,
    names: RoleNames<'_>,
) -> Result<Vec<ServerRole>, ManifestError> {
    let role = |(name, origin): (&String, &raw::RawOrigin)| {
        let at = at.under(name);
        at.require(
            origin.url.is_some() || !origin.discover.is_empty(),
            "give it a `url` or say how to `discover` it",
        )?;
        let base = origin.url.as_ref().map(|url| at.under("url").template(url)).transpose()?;
        let discover = origin.discover.iter();
        Ok(ServerRole {
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

fn discover(
    at: &FieldPlace,
    raw: &raw::RawDiscover,
    roles: RoleNames<'_>,
) -> Result<OriginDiscovery, ManifestError> {
    let mut shape = PageShape::default();
    Ok(OriginDiscovery {
        applies_to: at.under("for").regex(&raw.applies_to)?,
        request: request(&at.under("request"), &raw.request, roles)?,
        origin: at.under("origin").selector(&raw.origin, &mut shape)?,
        shape,
    })
}

fn limit(at: &FieldPlace, raw: raw::RawLimit) -> Result<HostLimit, ManifestError> {
    let window_ms = raw.window_seconds.checked_mul(1_000).filter(|&window| window > 0);
    let window_ms = window_ms.ok_or_else(|| at.fail("the window must be 1 to 4,294,967 s"))?;
    at.require(raw.requests > 0, "it must allow at least one request")?;
    Ok(HostLimit { requests: raw.requests, window_ms })
}

fn rate(at: &FieldPlace, raw: &raw::RawRateLimit) -> Result<RateRules, ManifestError> {
    let window = raw::RawLimit { requests: 1, window_seconds: raw.window_seconds };
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

fn claims(at: &FieldPlace, raw: &raw::RawClaims) -> Result<ClaimRules, ManifestError> {
    let patterns = |field: &str, raw: &[raw::RawClaimPattern]| {
        let at = at.under(field);
        let pattern = |raw: &raw::RawClaimPattern| {
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

fn lookup(
    at: &FieldPlace,
    raw: &raw::RawLookup,
    roles: RoleNames<'_>,
) -> Result<NameLookup, ManifestError> {
    let mut shape = PageShape::default();
    at.require(raw.native_id.is_some() || raw.handle.is_some(), "it selects no name")?;
    Ok(NameLookup {
        request: request(&at.under("request"), &raw.request, roles)?,
        native_id: at.maybe("native_id", raw.native_id.as_ref(), &mut shape)?,
        handle: at.maybe("handle", raw.handle.as_ref(), &mut shape)?,
        local_id: at.maybe("local_id", raw.local_id.as_ref(), &mut shape)?,
        shape,
    })
}
