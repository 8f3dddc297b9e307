//! The canonical form of a handle: what is stored, compared and looked up.
//!
//! Domains are in ASCII and lower case, as UTS 46 (non-transitional) maps them; invisible characters are
//! removed. Native ids are opaque and stay as they are.
//!
//! ```
//! use model::Platform;
//! use model::handle::canonical;
//!
//! let handle = canonical(Platform::FEDIVERSE, "@ada@BÜCHER.example").unwrap();
//! assert_eq!(handle, "ada@xn--bcher-kva.example");
//! assert_eq!(canonical(Platform::BLUESKY, "did:plc:Abc").unwrap(), "did:plc:Abc");
//! ```

use std::borrow::Cow;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::platform::{HandleForm, Platform};

/// A host name is made of letters, digits, hyphens, underscores and dots.
const NOT_OF_HOSTS: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// A text that should be a domain but is not one, with invisible characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no domain name")]
pub struct DomainError(String);

/// The canonical form of a handle of `platform`: without a leading `@`, full-width signs and invisible
/// characters, its domain in ASCII and lower case. A native id is returned as it is. Whether the rest
/// has the platform's form is not checked. Linear.
pub fn canonical(platform: Platform, text: &str) -> Result<Cow<'_, str>, DomainError> {
    match platform.handles() {
        HandleForm::Native => Ok(Cow::Borrowed(text)),
        HandleForm::Word => Ok(Cow::Borrowed(text.strip_prefix('@').unwrap_or(text))),
        HandleForm::Address | HandleForm::Domain if is_plain(text) => Ok(Cow::Borrowed(text)),
        HandleForm::Address if text.contains('/') => Ok(Cow::Borrowed(text)),
        HandleForm::Address => address(text).map(Cow::Owned),
        HandleForm::Domain if text.contains(':') => Ok(Cow::Borrowed(text)),
        HandleForm::Domain => {
            let bare = typed(text);
            match bare.trim_start_matches('@') {
                "" => Ok(Cow::Borrowed("")),
                bare => domain(bare).map(Cow::Owned),
            }
        }
    }
}

/// Whether a handle is clearly in its canonical form, as nearly all are: then nothing is computed.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@');
    let bytes = text.as_bytes();
    // Empty and long labels and punycode take the slow path.
    let is_empty_label = |pair: &[u8]| pair[1] == b'.' && matches!(pair[0], b'.' | b'@');
    (1..64).contains(&bytes.len())
        && bytes.iter().all(|&byte| is_plain(byte))
        && !bytes.starts_with(b"@")
        && !bytes.ends_with(b".")
        && !bytes.ends_with(b"@")
        && !bytes.windows(2).any(is_empty_label)
}

fn address(text: &str) -> Result<String, DomainError> {
    let typed = typed(text);
    let mut bare: &str = &typed;
    while let Some(rest) = bare.strip_prefix("acct:").or_else(|| bare.strip_prefix('@')) {
        bare = rest;
    }
    match bare.split_once('@') {
        Some((name, host)) => Ok(format!("{name}@{}", domain(host)?)),
        None => Ok(bare.to_owned()),
    }
}

fn domain(text: &str) -> Result<String, DomainError> {
    host(text).ok_or_else(|| DomainError(escape_invisible(text)))
}

/// The form in which hosts are compared: ASCII, in lower case, without a dot at the end; a port
/// stays. `None` if the text is no host name. Linear.
///
/// ```
/// use model::handle::host;
///
/// assert_eq!(host("Bücher.Example.:8443").as_deref(), Some("xn--bcher-kva.example:8443"));
/// assert_eq!(host("not a host"), None);
/// ```
pub fn host(text: &str) -> Option<String> {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let with_port = text.rsplit_once(':').filter(|(_, port)| is_port(port));
    let (name, port) = with_port.map_or((text, None), |(name, port)| (name, Some(port)));
    // A joiner is part of a name in some scripts and an accident in others.
    let ascii = to_ascii(name).or_else(|| to_ascii(&name.replace(is_joiner, "")))?;
    Some(port.map_or_else(|| ascii.clone(), |port| format!("{ascii}:{port}")))
}

fn to_ascii(name: &str) -> Option<String> {
    let length = DnsLength::VerifyAllowRootDot;
    let ascii =
        Uts46::new().to_ascii(name.as_bytes(), NOT_OF_HOSTS, Hyphens::Allow, length).ok()?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    (!ascii.is_empty()).then(|| ascii.to_owned())
}

/// A text without white space around it and invisible characters, and with ASCII for full-width signs.
/// Joiners stay where they may belong to a name: between two letters that are not ASCII.
fn typed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let joins = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && c.is_alphanumeric());
    let mut typed = String::with_capacity(text.len());
    let mut rest = text.trim().chars();
    while let Some(c) = rest.next() {
        let is_kept =
            is_joiner(c) && joins(typed.chars().next_back()) && joins(rest.clone().next());
        if is_kept || !is_invisible(c) {
            typed.push(half_width(c));
        }
    }
    Cow::Owned(typed.trim().to_owned())
}

/// The ASCII sign of a full-width or small one.
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{FE6B}' => '@',
        _ => c,
    }
}

/// Whether a character is invisible: one that Unicode lets programs ignore if they cannot show it, such
/// as joiners, marks of direction and variation selectors.
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// The first 80 characters of a text for a message, with invisible ones as `<U+202A>`.
pub fn escape_invisible(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(80) {
        let is_visible = c == ' ' || !(is_invisible(c) || c.is_control() || c.is_whitespace());
        match is_visible {
            true => shown.push(c),
            false => shown.push_str(&format!("<U+{:04X}>", u32::from(c))),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fedi(text: &str) -> String {
        canonical(Platform::FEDIVERSE, text).unwrap().into_owned()
    }

    fn sky(text: &str) -> String {
        canonical(Platform::BLUESKY, text).unwrap().into_owned()
    }

    #[test]
    fn an_internationalised_domain_has_one_canonical_form() {
        let forms = [
            "alice@bücher.test",
            "@alice@bücher.test",
            "alice@BÜCHER.TEST",
            "alice@bu\u{308}cher.test",
            "alice@xn--bcher-kva.test",
            "alice@XN--BCHER-KVA.Test.",
            "alice@bücher。test",
            "alice@bücher．test",
            "＠alice＠bücher｡test",
            "acct:alice@bücher.test",
            " alice@bücher.test\u{3000}",
        ];
        for form in forms {
            assert_eq!(fedi(form), "alice@xn--bcher-kva.test", "{form}");
        }
        assert_eq!(fedi("Ada@One.Example:8443"), "Ada@one.example:8443");
        assert_eq!(sky("@Bücher.Example"), "xn--bcher-kva.example");
        assert_eq!(sky("ａｌｉｃｅ.example"), "alice.example");
    }

    #[test]
    fn deviation_characters_stay_apart() {
        assert_eq!(fedi("a@faß.de"), "a@xn--fa-hia.de");
        assert_eq!(fedi("a@fass.de"), "a@fass.de");
        assert_eq!(fedi("a@βόλος.com"), "a@xn--nxasmm1c.com");
        assert_ne!(fedi("a@βόλος.com"), fedi("a@βόλοσ.com"));
    }

    #[test]
    fn invisible_characters_are_removed() {
        let marks = "\u{200B}\u{200E}\u{200F}\u{202A}\u{202E}\u{2060}\u{2066}\u{2069}\u{FEFF}\
                     \u{AD}\u{FE0F}\u{61C}\u{180E}\u{E0101}\u{200D}\u{200C}";
        for mark in marks.chars() {
            let pasted = format!("{mark}@al{mark}ice@bücher{mark}.te{mark}st{mark}");
            assert_eq!(fedi(&pasted), "alice@xn--bcher-kva.test", "{mark:?}");
            assert_eq!(sky(&format!("{mark}a{mark}.example{mark}")), "a.example", "{mark:?}");
        }
        // A joiner belongs to a name only between two letters that are not ASCII.
        assert_eq!(fedi("é\u{200D}b@a.test"), "éb@a.test");
        assert_eq!(fedi("b\u{200D}é@a.test"), "bé@a.test");
        assert_eq!(fedi("a@نامه\u{200C}ای.com"), "a@xn--mgba3gch31f060k.com");
    }

    #[test]
    fn native_ids_stay_as_they_are() {
        let uri = "https://BÜCHER.test/@Al\u{200B}ice";
        assert_eq!(fedi(uri), uri);
        assert_eq!(sky("did:web:Example.ORG"), "did:web:Example.ORG");
        let node = "@\u{FEFF}Ann@Bücher.test";
        assert_eq!(canonical(Platform::FILE, node).unwrap(), node);
    }

    #[test]
    fn a_handle_without_a_domain_is_refused() {
        for host in ["xn--a", "xn--zzzzzz99999", "a b.test", "a..test", ".", "", "a%41.test"] {
            let error = canonical(Platform::FEDIVERSE, &format!("alice@{host}")).map(drop);
            assert!(error.is_err(), "{host} {error:?}");
        }
        let error = canonical(Platform::BLUESKY, "xn--a.\u{200D}test").unwrap_err().to_string();
        assert_eq!(error, "`xn--a.test` is no domain name");
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_form(text in "[@a-zA-Zäß۱あ.：:＠\u{200D}\u{202A}-]{0,20}") {
            for platform in [Platform::FEDIVERSE, Platform::BLUESKY] {
                if let Ok(once) = canonical(platform, &text) {
                    prop_assert_eq!(&canonical(platform, &once), &Ok(once.clone()));
                }
            }
        }
    }

    #[test]
    fn handles_of_every_form_lose_what_is_not_theirs() {
        let of = |platform, text| canonical(platform, text).unwrap().into_owned();
        let github = Platform::from_number(6).unwrap();
        assert_eq!(of(github, "@Ada"), "Ada");
        assert_eq!(of(github, "Ada"), "Ada");
        assert_eq!(of(Platform::FILE, "@Ada"), "@Ada");
        assert_eq!(
            (fedi("@acct:@ada"), sky("@@a.example"), sky("@")),
            ("ada".into(), "a.example".into(), String::new())
        );
        for (long, label) in [(false, 63), (true, 64)] {
            let label = "a".repeat(label);
            assert_eq!(canonical(Platform::BLUESKY, &label).is_err(), long, "{label}");
        }
        assert_eq!(
            (fedi("a_1@b.test"), fedi("ada@b.test.")),
            ("a_1@b.test".into(), "ada@b.test".into())
        );
    }

    #[test]
    fn hosts_keep_their_ports_and_lose_their_last_dot() {
        let cases = [
            ("One.Test", Some("one.test")),
            ("one.test.:80", Some("one.test:80")),
            ("one.test:", None),
            ("one.test:8a", None),
            ("a\u{200D}b.test", Some("ab.test")),
            ("a_b.test", Some("a_b.test")),
            ("a/b", None),
            (".", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(host(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn invisible_characters_are_escaped_in_messages() {
        assert_eq!(escape_invisible("a b\tc\u{202A}\u{3000}é"), "a b<U+0009>c<U+202A><U+3000>é");
        assert_eq!(escape_invisible(&"é".repeat(90)), "é".repeat(80));
        assert!(is_invisible('\u{200B}') && !is_invisible('a') && !is_invisible('é'));
        let halves = ['！', '～', '﹫', '＠', 'ａ', 'あ', 'a'].map(half_width);
        assert_eq!(halves, ['!', '~', '@', '@', 'a', 'あ', 'a']);
    }
}
