//! The tokens of JSON text, and how to skip values that are not selected.
//!
//! Long strings are searched for their end with `memchr`, so that skipping runs at memory speed: a
//! page is mostly strings that no manifest selects.

use std::borrow::Cow;

use memchr::memchr2;
use serde_json::Number;

/// A body that is no usable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no usable JSON: {0}")]
pub(crate) struct PageError(String);

impl PageError {
    pub(super) fn no_text(error: std::str::Utf8Error) -> PageError {
        PageError(format!("it is no UTF-8 text ({error})"))
    }
}

/// The replacement of a character that a text cannot hold, such as half of a surrogate pair.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Strings up to here are searched byte by byte: keys are short, and a call costs more.
const SHORT_BYTES: usize = 16;

/// Where the next quote or backslash is.
fn end_or_escape(bytes: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\');
    let short = &bytes[..bytes.len().min(SHORT_BYTES)];
    match short.iter().position(is_special) {
        None => Some(short.len() + memchr2(b'"', b'\\', &bytes[short.len()..])?),
        found => found,
    }
}

/// A place in a text.
#[derive(Debug)]
pub(super) struct JsonScanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonScanner<'a> {
    pub(super) fn new(text: &'a str) -> JsonScanner<'a> {
        JsonScanner { text, at: 0 }
    }

    pub(super) fn fail(&self, why: &str) -> PageError {
        PageError(format!("{why}, at byte {} of {}", self.at, self.text.len()))
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Takes `byte` if it comes next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), PageError> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.fail(&format!("`{}` is missing", char::from(byte)))),
        }
    }

    /// A number; `None` where it is none, or larger than any that can be kept.
    pub(super) fn number(&mut self) -> Result<Option<Number>, PageError> {
        Ok(serde_json::from_str(self.word()?).ok())
    }

    /// A string, borrowed unless it has escapes in it.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, PageError> {
        self.expect(b'"')?;
        let start = self.at;
        let has_escapes = self.end_of_string()?;
        let inside = &self.text[start..self.at - 1];
        if !has_escapes {
            return Ok(Cow::Borrowed(inside));
        }
        Ok(Cow::Owned(unescape(inside)))
    }

    /// Goes behind the closing quote; returns whether there were escapes.
    fn end_of_string(&mut self) -> Result<bool, PageError> {
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(found) = end_or_escape(rest) else {
                self.at = bytes.len();
                return Err(self.fail("a string without an end"));
            };
            if rest[found] == b'"' {
                self.at += found + 1;
                return Ok(has_escapes);
            }
            has_escapes = true;
            self.at += found + 2;
        }
    }

    /// Goes behind the next value, whatever it is. Needs no stack, however deep the value is.
    pub(super) fn skip(&mut self) -> Result<(), PageError> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                None => return Err(self.fail("it ends too early")),
                Some(b'"') => {
                    self.at += 1;
                    self.end_of_string()?;
                }
                Some(b'{' | b'[') => {
                    self.at += 1;
                    depth += 1;
                    continue;
                }
                Some(b'}' | b']') if depth > 0 => {
                    self.at += 1;
                    depth -= 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(_) => _ = self.word()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Takes a number, `true`, `false`, `null`, or what is in the place of one.
    pub(super) fn word(&mut self) -> Result<&'a str, PageError> {
        let rest = &self.text[self.at..];
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.at += length;
        match length {
            0 => Err(self.fail("a malformed value")),
            _ => Ok(&rest[..length]),
        }
    }
}

/// The text of an escaped one. What no text can hold, and what is no escape, becomes
/// a replacement character: one bad character costs itself, not its page.
fn unescape(mut escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len());
    while let Some((before, after)) = escaped.split_once('\\') {
        out.push_str(before);
        let mut rest = after.chars();
        out.push(match rest.next() {
            Some(plain @ ('"' | '\\' | '/')) => plain,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (character, behind) = code_point(rest.as_str());
                escaped = behind;
                out.push(character);
                continue;
            }
            _ => REPLACEMENT,
        });
        escaped = rest.as_str();
    }
    out.push_str(escaped);
    out
}

/// The character of a `\u`, whose digits come next, and what is behind it.
fn code_point(text: &str) -> (char, &str) {
    let Some((first, rest)) = hex4(text) else { return (REPLACEMENT, text) };
    let low = rest.strip_prefix("\\u").and_then(hex4);
    match (first, low) {
        (0xd800..0xdc00, Some((low @ 0xdc00..0xe000, behind))) => {
            let point = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(point).unwrap_or(REPLACEMENT), behind)
        }
        _ => (char::from_u32(first).unwrap_or(REPLACEMENT), rest),
    }
}

fn hex4(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok().map(|point| (point, rest)))?
}
