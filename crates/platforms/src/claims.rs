//! Recognises accounts of any known platform in free text: profile pages and written handles.

use model::Platform;
use model::identity::{Claim, normalise_page};

use crate::manifest::{ClaimPattern, Manifest};

/// The most claims taken from one text.
pub(crate) const CLAIMS_MAX: usize = 32;
/// The most bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 16 * 1_024;

/// Every account that `text` names, each once, in order. A page is matched in the form of
/// [`normalise_page`], a word without its surrounding punctuation. Linear in the text.
pub(crate) fn recognise(manifests: &[Manifest], text: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let end = text.floor_char_boundary(text.len().min(TEXT_BYTES_MAX));
    for word in text[..end].split(|c: char| c.is_whitespace() || "<>()[]{}\"'`,;|".contains(c)) {
        if claims.len() >= CLAIMS_MAX {
            break;
        }
        let word = word.trim_end_matches(['.', ':', '!', '?', '…', '*', '/']);
        if let Some(claim) = of_word(manifests, word)
            && !claims.contains(&claim)
        {
            claims.push(claim);
        }
    }
    claims
}

fn of_word(manifests: &[Manifest], word: &str) -> Option<Claim> {
    if !word.contains(['.', '@']) {
        return None;
    }
    let page = page_of(word);
    let found = manifests.iter().find_map(|manifest| {
        let rules = &manifest.claims;
        let page = page.as_deref().filter(|page| {
            let host = page.split('/').next().unwrap_or(page);
            !rules.except.iter().any(|except| except == host)
        });
        let by_page = page.and_then(|page| name(&rules.pages, page));
        let named = by_page.or_else(|| name(&rules.words, word))?;
        Some((manifest.platform, named))
    });
    found.map(|(platform, target)| account(platform, &target))
}

/// The page that a word is, with or without its scheme.
fn page_of(word: &str) -> Option<String> {
    match word.find("http") {
        Some(start) if word[start..].contains("://") => normalise_page(&word[start..]),
        _ if word.starts_with('@') => None,
        _ => normalise_page(&format!("https://{word}")),
    }
}

fn name(patterns: &[ClaimPattern], text: &str) -> Option<String> {
    patterns.iter().find_map(|rule| {
        let captures = rule.pattern.captures(text)?;
        let mut name = String::new();
        captures.expand(&rule.name, &mut name);
        Some(name)
    })
}

fn account(platform: Platform, target: &str) -> Claim {
    Claim::Account { platform, target: target.to_lowercase() }
}
