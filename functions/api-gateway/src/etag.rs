//! Strong `ETag`s, and whether a client has one (RFC 9110, 8.8.3 and 13.1.2).

use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, HeaderValue};

/// Counts up when the form of answers changes, so that no client keeps an old one.
const ANSWER_FORMAT: u8 = 2;

/// The tag of an answer: a BLAKE3 hash of format, path, canonical query and body.
pub(crate) fn etag(path: &str, query: &str, body: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[ANSWER_FORMAT]);
    for part in [path.as_bytes(), query.as_bytes(), body] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    format!("\"{}\"", &hasher.finalize().to_hex()[..32])
}

/// The tags that a client has: all lines of `If-None-Match`.
#[derive(Debug, Default)]
pub(crate) struct KnownTags(Vec<HeaderValue>);

impl KnownTags {
    pub(crate) fn of(headers: &HeaderMap) -> KnownTags {
        KnownTags(headers.get_all(IF_NONE_MATCH).iter().cloned().collect())
    }

    /// Whether a tag is among them; weak ones compare as strong ones do, and `*` is any.
    pub(crate) fn has(&self, tag: &str) -> bool {
        if let [only] = self.0.as_slice()
            && only.as_bytes().trim_ascii() == b"*"
        {
            return true;
        }
        let mut known = self.0.iter().flat_map(|line| opaque(line.as_bytes()));
        known.any(|one| one == tag.trim_matches('"').as_bytes())
    }
}

/// What is in the quotes of a list of tags, commas too; what comes after something else is not read.
fn opaque(mut list: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    loop {
        let between = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
        list = &list[list.iter().take_while(|byte| between(byte)).count()..];
        let tag = list.strip_prefix(b"W/").unwrap_or(list).strip_prefix(b"\"");
        let Some((tag, rest)) = tag.and_then(|tag| split_at(tag, b'"')) else { return found };
        found.push(tag);
        list = rest;
    }
}

fn split_at(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == mark)?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(lines: &[&'static str]) -> KnownTags {
        KnownTags(lines.iter().map(|line| HeaderValue::from_static(line)).collect())
    }

    #[test]
    fn tags_are_found_wherever_the_grammar_lets_them_be() {
        for lines in [
            &["\"a\""][..],
            &["W/\"a\""],
            &[" * "],
            &["\"b\", \"a\""],
            &["\"b\",W/\"a\""],
            &[",, \"a\","],
            &["\"with, a comma\",\t\"a\""],
            &["\"b\"", "\"a\""],
        ] {
            assert!(known(lines).has("\"a\""), "{lines:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_tag_is_none() {
        for lines in
            [&[][..], &[""], &["a"], &["\"a"], &["\"b\""], &["\"*\""], &["\"b, a\""], &["w/\"a\""]]
        {
            assert!(!known(lines).has("\"a\""), "{lines:?}");
        }
        let bytes = HeaderValue::from_bytes(b"\"\xff\", \"a\"").unwrap();
        assert!(KnownTags(vec![bytes]).has("\"a\""));
    }
}
