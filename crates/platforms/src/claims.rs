//! Recognises accounts of any known platform in free text: profile pages and written handles,
//! whatever surrounds them.
//!
//! A text is read run by run: letters of any script, digits, dots, hyphens and underscores. What
//! precedes and follows a run decides what it may be: `@name@` before a domain, `/path` behind
//! one. Where a domain may end inside of its run (at letters of another script, at a dash or at
//! the next sentence), each way to read it is tried: a name too many does no harm, since a link
//! takes both sides.

use std::sync::LazyLock;

use model::Platform;
use model::handle::{self, half_width, is_invisible};
use model::identity::{Claim, normalise_page};
use regex::Regex;

use crate::manifest::{ClaimPattern, PlatformManifest};

/// The most claims taken from one text.
pub(crate) const CLAIMS_MAX: usize = 32;
/// The most bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 16 * 1_024;
/// The most bytes of a page's path that are read.
const PATH_BYTES_MAX: usize = 300;
/// The longest domain, in bytes; one in Unicode may take more than the 253 of its ASCII form.
const DOMAIN_BYTES_MAX: usize = 600;
/// The most places of a run where a domain may begin or end.
const BOUNDS_MAX: usize = 6;
/// What ends a path, besides white space and what is neither ASCII nor a letter.
const NO_PATH: &str = "<>()[]{}\"'`,;|^\\";
/// What surrounds a domain without being part of it.
const AROUND: [char; 3] = ['.', '-', '_'];

/// Letters with their marks, digits, and the signs between them in names.
static RUN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\w.-]+").expect("it is a pattern"));

/// Every account that `text` names, each once, in order. Linear in the text.
pub(crate) fn recognise(manifests: &[PlatformManifest], text: &str) -> Vec<Claim> {
    let end = text.floor_char_boundary(text.len().min(TEXT_BYTES_MAX));
    let text = &text[..end];
    let mut reader = ClaimReader { manifests, claims: Vec::new() };
    reader
        .read_all(&text.chars().filter(|&c| !is_invisible(c)).map(half_width).collect::<String>());
    if text.contains(is_invisible) {
        // An invisible mark may be inside of a name, or separate one from what follows.
        reader
            .read_all(&text.replace(is_invisible, " ").chars().map(half_width).collect::<String>());
    }
    reader.claims.truncate(CLAIMS_MAX);
    reader.claims
}

/// A stretch of name characters.
#[derive(Debug, Clone, Copy)]
struct TextRun<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> TextRun<'t> {
    fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }

    fn before(&self) -> &'t str {
        &self.text[..self.start]
    }

    fn after(&self) -> &'t str {
        &self.text[self.end..]
    }

    /// Whether exactly an `@` is between this run and the next.
    fn is_name_at(&self, next: TextRun<'_>) -> bool {
        self.end + 1 == next.start && next.before().ends_with('@')
    }

    /// The sign that `name@domain` is meant as a handle, and no e-mail address, with this run as
    /// its name.
    fn sign(&self) -> Option<HandleSign> {
        let before = self.before();
        let scheme = before.len().checked_sub("acct:".len()).and_then(|at| before.get(at..));
        if before.ends_with('@') || scheme.is_some_and(|it| it.eq_ignore_ascii_case("acct:")) {
            return Some(HandleSign::Handle);
        }
        let label = before.trim_end().strip_suffix(':')?.trim_end();
        let word = label.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
        word.parse().ok().map(HandleSign::Label)
    }
}

/// What distinguishes a handle from an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HandleSign {
    /// `@` or `acct:` before it.
    Handle,
    /// A platform's name and a colon before it.
    Label(Platform),
}

struct ClaimReader<'m> {
    manifests: &'m [PlatformManifest],
    claims: Vec<Claim>,
}

impl ClaimReader<'_> {
    fn read_all(&mut self, text: &str) {
        let mut last = None;
        for found in RUN.find_iter(text) {
            let run = TextRun { text, start: found.start(), end: found.end() };
            self.read(run, last.replace(run));
            if self.claims.len() >= CLAIMS_MAX {
                break;
            }
        }
    }

    fn read(&mut self, run: TextRun<'_>, last: Option<TextRun<'_>>) {
        if let Some(name) = last.filter(|last| last.is_name_at(run)) {
            if let Some(sign) = name.sign() {
                self.address(name.as_str(), run, sign);
            }
        } else if run.before().ends_with('@') {
            for domain in domains(run.as_str(), &[0]) {
                self.word(&format!("@{domain}"), None);
            }
        } else if !is_name_of_address(run.after()) {
            let starts = [&[0], bounds(run.as_str()).as_slice()].concat();
            for domain in domains(run.as_str(), &starts) {
                self.word(&domain, None);
            }
            self.pages(run, &starts);
        }
    }

    fn address(&mut self, name: &str, run: TextRun<'_>, sign: HandleSign) {
        let only = match sign {
            HandleSign::Handle => None,
            HandleSign::Label(platform) => Some(platform),
        };
        for domain in domains(run.as_str(), &[0]) {
            self.word(&format!("@{name}@{domain}"), only);
        }
    }

    /// The pages at the domain that ends where the run does.
    fn pages(&mut self, run: TextRun<'_>, starts: &[usize]) {
        let (port, path) = port_and_path(run.after());
        for start in starts {
            let Some(domain) = domain(&run.as_str()[*start..]) else { continue };
            for path in paths(path) {
                if let Some(page) = normalise_page(&format!("https://{domain}{port}{path}")) {
                    self.page(&page);
                }
            }
        }
    }

    fn page(&mut self, page: &str) {
        let host = page.split('/').next().unwrap_or(page);
        let found = self.manifests.iter().find_map(|manifest| {
            let rules = &manifest.claims;
            match rules.except.iter().any(|except| except == host) {
                true => None,
                false => account(manifest, &name(&rules.pages, page)?),
            }
        });
        self.keep(found);
    }

    /// `domain`, `@domain` or `@name@domain`.
    fn word(&mut self, word: &str, only: Option<Platform>) {
        let mut manifests = self.manifests.iter();
        let found = manifests.find_map(|manifest| {
            let is_meant = only.is_none_or(|platform| platform == manifest.platform);
            is_meant.then(|| account(manifest, &name(&manifest.claims.words, word)?)).flatten()
        });
        self.keep(found);
    }

    fn keep(&mut self, found: Option<Claim>) {
        self.claims.extend(found.filter(|claim| !self.claims.contains(claim)));
    }
}

/// Whether a domain follows after an `@`.
fn is_name_of_address(after: &str) -> bool {
    after.strip_prefix('@').is_some_and(|domain| domain.starts_with(char::is_alphanumeric))
}

/// The domains that a run may be, from these starts, in ASCII.
fn domains(run: &str, starts: &[usize]) -> Vec<String> {
    let ends = [&[run.len()], bounds(run).as_slice()].concat();
    let slices = starts.iter().flat_map(|&start| ends.iter().map(move |&end| (start, end)));
    slices.filter_map(|(start, end)| domain(run.get(start..end)?)).collect()
}

/// Where a domain may begin or end inside of a run.
fn bounds(run: &str) -> Vec<usize> {
    let last_dot = run.rfind('.').unwrap_or(0);
    let starts_small = run.starts_with(char::is_lowercase);
    let (mut bounds, mut before, mut script) = (Vec::new(), ' ', None);
    for (at, c) in run.char_indices() {
        let other_script = c.is_alphabetic() && script.replace(is_latin(c)) == Some(!is_latin(c));
        let is_dash = c == '-' && (at > last_dot || (before == '-' && !run[..at].ends_with("xn-")));
        let is_sign = c == '_' || !(c.is_ascii() || c.is_alphanumeric());
        let is_sentence = before == '.' && (c == '.' || (starts_small && c.is_uppercase()));
        if other_script || is_dash || is_sentence || is_sign {
            bounds.push(at);
        }
        if bounds.len() == BOUNDS_MAX {
            break;
        }
        before = c;
    }
    bounds
}

/// Whether a letter is Latin, as far as domains have them.
fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24F}' | '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}')
}

/// A text as a domain in ASCII, without what surrounds it. A single label is none, nor is one that
/// ends with digits or a single letter.
fn domain(text: &str) -> Option<String> {
    let bare = text.trim_matches(AROUND);
    if bare.len() > DOMAIN_BYTES_MAX || !bare.contains('.') {
        return None;
    }
    let domain = handle::host(bare)?;
    let (_, top) = domain.rsplit_once('.')?;
    let is_word = top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_word || top.starts_with("xn--")).then_some(domain)
}

/// The port with its colon and the path behind a domain; both may be empty.
fn port_and_path(after: &str) -> (&str, &str) {
    let digits = after
        .strip_prefix(':')
        .map_or(0, |port| port.bytes().take(5).take_while(u8::is_ascii_digit).count());
    let port = if digits > 0 { digits + 1 } else { 0 };
    match after[port..].starts_with('/') {
        true => (&after[..port], path(&after[port..])),
        false => ("", ""),
    }
}

fn path(after: &str) -> &str {
    let ends = |(at, c): &(usize, char)| {
        let may = if c.is_ascii() { c.is_ascii_graphic() } else { c.is_alphanumeric() };
        *at >= PATH_BYTES_MAX || !may || NO_PATH.contains(*c)
    };
    let end = after.char_indices().find(ends).map_or(after.len(), |(at, _)| at);
    &after[..end]
}

/// The ways to read a path: whole, and up to what is likely no part of it.
fn paths(path: &str) -> Vec<&str> {
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || "/@._-".contains(c));
    let ends = [path.find(is_odd), path.find("--"), path.find(".."), path.find("http")];
    let whole = path.trim_end_matches(|c| is_odd(c) || "/.-".contains(c));
    let cut = ends.into_iter().flatten().map(|end| path[..end].trim_end_matches(['/', '.', '-']));
    [whole, whole.trim_end_matches('_')].into_iter().chain(cut).collect()
}

fn name(patterns: &[ClaimPattern], text: &str) -> Option<String> {
    patterns.iter().find_map(|rule| {
        let captures = rule.pattern.captures(text)?;
        let mut name = String::new();
        captures.expand(&rule.name, &mut name);
        Some(name)
    })
}

/// The account of a name, in the form in which accounts are compared: a native id as it is, a
/// handle in its one form and lower case.
fn account(manifest: &PlatformManifest, name: &str) -> Option<Claim> {
    let (platform, rule) = (manifest.platform, &manifest.handle);
    if rule.native.is_match(name) {
        return Some(Claim::Account { platform, target: name.to_owned() });
    }
    let target = handle::canonical(platform, name).ok()?.to_lowercase();
    rule.pattern.is_match(&target).then_some(Claim::Account { platform, target })
}
