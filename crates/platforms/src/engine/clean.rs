//! Cleans foreign text for storage: bounded, and without control characters.

use std::borrow::Cow;

use model::account::HANDLE_BYTES_MAX;

/// A name (native id, handle, numeric id): 1 to 2048 bytes, no white space, no control characters, and
/// no replacement character: two names might become one.
pub(super) fn name(text: Cow<'_, str>) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= HANDLE_BYTES_MAX && is_unbroken(&text);
    fits.then(|| text.into_owned())
}

/// Without white space and control characters; nearly every name is plain ASCII.
fn is_unbroken(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER;
    text.bytes().all(|byte| byte.is_ascii_graphic()) || !text.contains(bad)
}

/// Words for people: trimmed, at most `chars_max`, line breaks kept, other control characters
/// dropped, except that a tab between two words still parts them.
pub(super) fn words(text: &str, chars_max: usize) -> Option<String> {
    let parting = |c: char| if c == '\t' { ' ' } else { c };
    let keep = |c: &char| *c == '\n' || !c.is_control();
    let kept: String = text.trim().chars().map(parting).filter(keep).take(chars_max).collect();
    (!kept.is_empty()).then_some(kept)
}

/// A web address: `http` or `https`, at most 2048 bytes.
pub(super) fn url(text: Cow<'_, str>) -> Option<String> {
    name(text).filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_apart_and_lose_invisible_characters() {
        let kept = |text| words(text, 20);
        assert_eq!(kept(" rust\tgo\u{1}\r\nzig\t").as_deref(), Some("rust go\nzig"));
        assert_eq!(kept("\t\u{2}"), None);
    }
}
