//! Parts of files by their bytes: `Range` and `If-Range` (RFC 9110, 13.1.5 and 14.2), one range at a time.

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};

/// Bytes of a file, the last one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    /// The first, from 0.
    pub(crate) first: u64,
    /// The last.
    pub(crate) last: u64,
}

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WantedBytes {
    /// All: no part is asked for, several are, or what is said cannot be read or is of another version.
    Whole,
    /// This part.
    Part(ByteRange),
    /// A part that the file does not have.
    Beyond,
}

impl ByteRange {
    /// How many bytes it has.
    pub(crate) const fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// What `Content-Range` says of it, in a file of this length.
    pub(crate) fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

impl WantedBytes {
    /// What these headers ask for of a file of this length, and with this strong tag.
    pub(crate) fn of(headers: &HeaderMap, tag: &str, length: u64) -> WantedBytes {
        // No dates are given, so a date is none of this version.
        let is_of_this =
            headers.get(IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
        let mut said = headers.get_all(RANGE).iter();
        match (said.next(), said.next()) {
            (Some(one), None) if is_of_this => one
                .to_str()
                .ok()
                .and_then(|text| wanted(text, length))
                .unwrap_or(WantedBytes::Whole),
            _ => WantedBytes::Whole,
        }
    }
}

/// What one range asks for; `None` if it is none that can be read.
fn wanted(text: &str, length: u64) -> Option<WantedBytes> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) =
        range.trim().split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    let end = length.checked_sub(1);
    let (first, last) = match (first, last) {
        ("", count) => {
            let count = number(count)?.min(length);
            (length - count, if count == 0 { None } else { end })
        }
        (first, "") => (number(first)?, end),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, end.map(|end| end.min(last)))
        }
    };
    let is_there = |&last: &u64| first <= last;
    let part = last.filter(is_there).map(|last| ByteRange { first, last });
    Some(part.map_or(WantedBytes::Beyond, WantedBytes::Part))
}

/// A number of digits; one that is too large lies beyond every file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TAG: &str = "\"abc\"";

    fn of(range: &str, if_range: Option<&'static str>, length: u64) -> WantedBytes {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        if let Some(known) = if_range {
            headers.insert(IF_RANGE, HeaderValue::from_static(known));
        }
        WantedBytes::of(&headers, TAG, length)
    }

    fn part(first: u64, last: u64) -> WantedBytes {
        WantedBytes::Part(ByteRange { first, last })
    }

    #[test]
    fn one_range_is_a_part_or_lies_beyond() {
        for (range, wanted) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("Bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("bytes=9-99999999999999999999999", part(9, 9)),
            ("bytes=10-", WantedBytes::Beyond),
            ("bytes=99999999999999999999999-", WantedBytes::Beyond),
            ("bytes=10-12", WantedBytes::Beyond),
            ("bytes=-0", WantedBytes::Beyond),
        ] {
            assert_eq!(of(range, None, 10), wanted, "{range}");
        }
        assert_eq!(of("bytes=0-", None, 0), WantedBytes::Beyond);
        assert_eq!(part(2, 5), of("bytes=2-5", Some(TAG), 10));
        assert_eq!(ByteRange { first: 2, last: 5 }.content_range(10), "bytes 2-5/10");
    }

    #[test]
    fn what_is_no_range_of_this_version_is_ignored() {
        let no_ranges =
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=+1-2", "lines=0-1"];
        for range in no_ranges.into_iter().chain(["bytes=0-1,4-5", "bytes=0-1, 4-5", "0-1"]) {
            assert_eq!(of(range, None, 10), WantedBytes::Whole, "{range}");
        }
        for other in ["\"abd\"", "W/\"abc\"", "Sun, 22 Nov 2026 10:00:00 GMT"] {
            assert_eq!(of("bytes=0-1", Some(other), 10), WantedBytes::Whole, "{other}");
        }
        assert_eq!(WantedBytes::of(&HeaderMap::new(), TAG, 10), WantedBytes::Whole);
    }

    #[test]
    fn a_part_is_within_the_file() {
        for (first, last, length) in (0..5).flat_map(|first| {
            (0..5).flat_map(move |last| (0..5).map(move |length| (first, last, length)))
        }) {
            for text in [format!("{first}-{last}"), format!("{first}-"), format!("-{last}")] {
                if let WantedBytes::Part(range) = of(&format!("bytes={text}"), None, length) {
                    assert!(range.first <= range.last && range.last < length, "{text} {length}");
                    assert!((1..=length).contains(&range.length()));
                }
            }
        }
    }
}
