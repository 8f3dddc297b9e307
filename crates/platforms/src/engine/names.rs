//! Whom a record names, and how a name that it lacks is found out.

use std::borrow::Cow;
use std::collections::HashSet;

use model::handle;
use model::observation::NamedProfile;
use model::port::{Clock, Web};

use super::Engine;
use super::ask::{Ask, Stop};
use super::clean;
use super::known_as::as_known;
use super::memory::Memory;
use super::subject::Subject;
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::{Auth, Find, Lookup, Manifest, Who};
use crate::path::{Context, Node};

/// The most lookups for one page's names; those beyond wait for the page's next visit.
const LOOKUPS_MAX: usize = 200;

/// What a record says of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Alias {
    pub(super) native_id: Option<String>,
    pub(super) handle: Option<String>,
    pub(super) local_id: Option<String>,
}

/// How far a name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    Known(NamedProfile),
    /// To be looked up.
    Open(Alias),
    /// The record names nobody.
    Nobody,
    /// The record names somebody who cannot be named.
    Unknowable,
}

/// Reads whom a record names.
pub(super) fn alias(who: &Who, record: &Node<'_>, context: Context<'_>) -> Alias {
    let read = |selector: &Option<crate::path::Selector>| {
        clean::name(selector.as_ref()?.text(record, context)?)
    };
    Alias {
        native_id: read(&who.native_id),
        handle: read(&who.handle),
        local_id: read(&who.local_id),
    }
}

/// An alias whose handle has its one form; one that can have none is left out.
pub(super) fn in_one_form(manifest: &Manifest, alias: Alias) -> Alias {
    Alias { handle: alias.handle.and_then(|handle| one_form(manifest, handle)), ..alias }
}

fn one_form(manifest: &Manifest, handle: String) -> Option<String> {
    match handle::canonical(manifest.platform, &handle).ok()? {
        Cow::Borrowed(same) if same.len() == handle.len() => Some(handle),
        other => Some(other.into_owned()),
    }
}

/// Settles a name by what is known already, and remembers it if it is worth it.
pub(super) fn settle(
    manifest: &Manifest,
    memory: &Memory,
    find: &[Find],
    alias: Alias,
    host: &str,
) -> Settled {
    let alias = as_known(memory, in_one_form(manifest, alias), host);
    if let Some(native_id) = alias.native_id.as_ref() {
        if !manifest.handle.native.is_match(native_id) {
            return Settled::Unknowable;
        }
        let learned = named(manifest, &alias, native_id.clone());
        if !find.is_empty() {
            learn(memory, &alias, host, Some(&learned));
        }
        return Settled::Known(learned);
    }
    let keys: Vec<String> = find.iter().filter_map(|by| key(*by, &alias, host)).collect();
    let known: Vec<Option<Option<NamedProfile>>> =
        keys.iter().map(|key| memory.name(key)).collect();
    if let Some(named) = known.iter().flatten().flatten().next() {
        return Settled::Known(named.clone());
    }
    match (keys.is_empty(), known.iter().all(Option::is_some)) {
        (true, _) => Settled::Nobody,
        (false, true) => Settled::Unknowable,
        (false, false) => Settled::Open(alias),
    }
}

/// The name that an alias with a native id makes.
pub(super) fn named(manifest: &Manifest, alias: &Alias, native_id: String) -> NamedProfile {
    let named = NamedProfile { native_id, handle: alias.handle.clone(), host: None };
    NamedProfile { host: manifest.home_host(&named), ..named }
}

fn key(by: Find, alias: &Alias, host: &str) -> Option<String> {
    match by {
        Find::LocalId => Some(format!("{host}#{}", alias.local_id.as_ref()?)),
        Find::Handle => Some(format!("@{}", alias.handle.as_ref()?.to_lowercase())),
    }
}

fn learn(memory: &Memory, alias: &Alias, host: &str, named: Option<&NamedProfile>) {
    for by in [Find::LocalId, Find::Handle] {
        if let Some(key) = key(by, alias, host)
            && !memory.knows(&key)
        {
            memory.keep_name(key, named.cloned());
        }
    }
}

fn is_open<'a>(
    memory: &'a Memory,
    manifest: &'a Manifest,
    host: &'a str,
) -> impl Fn((Alias, &[Find])) -> bool + 'a {
    move |(alias, find)| matches!(settle(manifest, memory, find, alias, host), Settled::Open(_))
}

impl Engine {
    /// Looks up every open name of a page at `host`. A host that fails is not asked again for this
    /// page. Where the subject has been patient enough, failing hosts' names are left open.
    pub(super) async fn look_up<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        subject: &Subject,
        open: Vec<(Alias, &[Find])>,
        host: &str,
    ) -> Result<(), Stop> {
        let mut failed = HashSet::new();
        let (mut asked, mut stop) = (0, None);
        for (alias, find) in open.iter().cloned() {
            let settled = settle(manifest, via.memory, find, alias, host);
            let Settled::Open(alias) = settled else { continue };
            if asked >= LOOKUPS_MAX {
                // What was found is remembered: the next visit goes on with the rest.
                return Err(Stop::Cut);
            }
            let found = self.find(via, manifest, (find, &alias), host, &failed).await;
            asked += usize::from(!matches!(found, Err((_, Stop::Cut))));
            if let Err((of, trouble)) = found {
                failed.insert(of);
                let told =
                    stop.filter(|stop| matches!(stop, Stop::Retry { .. } | Stop::Unreadable(_)));
                stop = told.or(Some(trouble));
            }
        }
        match stop {
            Some(Stop::Retry { .. } | Stop::Unreadable(_))
                if subject.attempt >= Subject::PATIENCE =>
            {
                Ok(())
            }
            Some(stop) => Err(stop),
            // The memory may have had to forget a name before the page could use it.
            None if open.into_iter().any(is_open(via.memory, manifest, host)) => Err(Stop::Cut),
            None => Ok(()),
        }
    }

    /// Finds one name and remembers it, or remembers that there is none. Trouble comes with the host
    /// that made it; one that has `failed` already is not asked.
    async fn find<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        (find, alias): (&[Find], &Alias),
        host: &str,
        failed: &HashSet<String>,
    ) -> Result<(), (String, Stop)> {
        let mut found = alias.clone();
        for by in find {
            let (lookup, at) = match by {
                Find::LocalId => (manifest.by_local_id.as_ref(), None),
                Find::Handle => (manifest.by_handle.as_ref(), found.handle.as_ref()),
            };
            let Some(lookup) = lookup else { continue };
            let at = at.and_then(|handle| handle.split_once('@')).map_or(host, |(_, host)| host);
            let at = at.to_owned();
            if failed.contains(&at) {
                return Err((at, Stop::Cut));
            }
            let told = self.tell(via, manifest, lookup, &found, host).await;
            let told = match told {
                Err(Stop::Disallowed(_)) => Alias::default(),
                told => told.map_err(|stop| (at, stop))?,
            };
            found.native_id = told.native_id.or(found.native_id);
            found.handle = told.handle.or(found.handle);
            if found.native_id.is_some() {
                break;
            }
        }
        let fits = |id: &String| manifest.handle.native.is_match(id);
        let native_id = found.native_id.clone().filter(fits);
        let named = native_id.map(|native_id| named(manifest, &found, native_id));
        learn(via.memory, alias, host, named.as_ref());
        Ok(())
    }

    /// What one lookup tells; nothing where the host says that there is nobody.
    pub(super) async fn tell<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        lookup: &Lookup,
        alias: &Alias,
        host: &str,
    ) -> Result<Alias, Stop> {
        let native_id = alias.native_id.as_deref();
        let ask = Ask {
            manifest,
            requests: std::slice::from_ref(&lookup.request),
            auth: &Auth::None,
            errors: &manifest.errors,
            values: Values {
                native_id,
                native_host: native_id.and_then(|id| manifest.native_host(id)),
                handle: alias.handle.as_deref(),
                local_id: alias.local_id.as_deref(),
                host: Some(host),
                ..Values::default()
            },
            link: None,
            attempt: 0,
        };
        let answer = match self.ask(via, ask).await {
            Ok(answer) => answer,
            Err(stop @ (Stop::Cut | Stop::Retry { .. } | Stop::Disallowed(_))) => return Err(stop),
            Err(_) => return Ok(Alias::default()),
        };
        let page = answer.page(&lookup.shape)?;
        let context = Context { host: &answer.host };
        let text = |selector: &Option<crate::path::Selector>| {
            clean::name(selector.as_ref()?.text(&page, context)?)
        };
        let told = Alias {
            native_id: text(&lookup.native_id),
            handle: text(&lookup.handle),
            local_id: text(&lookup.local_id),
        };
        Ok(in_one_form(manifest, told))
    }
}
