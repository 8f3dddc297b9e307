//! A request as the platforms see it: host, path and query.

use std::borrow::Cow;

/// One request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SiteRequest<'a> {
    /// The `Host` header in lower case, without a port.
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: QueryString<'a>,
    /// The `Accept` header, or nothing.
    pub(crate) accept: &'a str,
    /// Whether the next cursor is to be the cursor of the request.
    pub(crate) loops: bool,
}

/// A query string, decoded on demand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryString<'a>(pub(crate) &'a str);

impl<'a> QueryString<'a> {
    /// Every value of a parameter, decoded.
    pub(crate) fn all(self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(move |(key, _)| *key == name).map(|(_, value)| decode(value))
    }

    /// The first value of a parameter, decoded.
    pub(crate) fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.all(name).next()
    }

    /// The first value of a parameter as a number; `None` if it is absent or no number.
    pub(crate) fn number(self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// Whether a parameter is `true` or `1`.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "true" || value == "1")
    }
}

/// Decodes percent-encoding; a malformed escape stays as it is.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let digits = code.and_then(|code| std::str::from_utf8(code).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => out.push(byte),
            None => out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] }),
        }
        at += if digits.is_some_and(|d| u8::from_str_radix(d, 16).is_ok()) { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let query = QueryString("actor=did%3Aplc%3Aabc&limit=5&actors=a&actors=b%20c&x=%zz+1");
        assert_eq!(query.get("actor").unwrap(), "did:plc:abc");
        assert_eq!(query.number("limit"), Some(5));
        assert_eq!(query.all("actors").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(query.get("x").unwrap(), "%zz 1");
        assert_eq!(query.get("cursor"), None);
        assert_eq!(query.number("actor"), None);
    }
}
