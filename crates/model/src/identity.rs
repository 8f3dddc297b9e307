//! Claims that two accounts belong to one person, and the proofs that claims can make.
//!
//! There are two proofs. *Mutual*: each profile names the other. *Website*: two profiles of different
//! platforms prove control of one web page, and no third profile of either platform does (a company's
//! page that names its whole staff proves nothing). A claim of one side alone never links profiles.

use serde::{Deserialize, Serialize};

use crate::handle;
use crate::id::ProfileId;
use crate::platform::Platform;

/// What a profile claims to be too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Claim {
    /// Another account: a handle in its canonical form and lower case, or a native id.
    Account {
        /// The other identity space.
        platform: Platform,
        /// The other's handle or native id.
        target: String,
    },
    /// Control of a web page, which the platform itself has checked (a verified rel=me link, a
    /// domain handle). In the form of [`normalise_page`].
    Website {
        /// Host and path, such as `example.org/~ada`.
        page: String,
    },
}

/// Why two profiles are one person. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Proof {
    /// Each names the other.
    Mutual = 1,
    /// Both control one web page that no other profile of their platforms controls.
    Website = 2,
}

/// A proven link; `a < b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The profile with the lower id.
    pub a: ProfileId,
    /// The profile with the higher id.
    pub b: ProfileId,
    /// What proves it.
    pub proof: Proof,
}

/// The form in which a web page is compared: no scheme, host in its canonical form ([`handle::host`]),
/// no `www.`, no query, no fragment, no trailing slash. `None` if the text is no web page.
///
/// ```
/// use model::identity::normalise_page;
///
/// let page = normalise_page("https://www.Example.org/~ada/?lang=en");
/// assert_eq!(page.as_deref(), Some("example.org/~ada"));
/// ```
pub fn normalise_page(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let bare = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let (host, path) = bare.split_once('/').map_or((bare, None), |(h, p)| (h, Some(p)));
    let host = handle::host(host)?;
    let host = host.strip_prefix("www.").unwrap_or(&host);
    if !host.contains('.') {
        return None;
    }
    Some(path.map_or_else(|| host.to_owned(), |path| format!("{host}/{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_canonical_form() {
        for url in ["https://Example.org/", "http://www.example.org", "https://example.org/?x=1#y"]
        {
            assert_eq!(normalise_page(url).as_deref(), Some("example.org"));
        }
        assert_eq!(normalise_page("https://a.org/~Ada/").as_deref(), Some("a.org/~Ada"));
        for host in ["bücher.test", "BÜCHER.test.", "www.xn--bcher-kva.test", "bücher。test"] {
            let page = normalise_page(&format!("https://{host}/@ada"));
            assert_eq!(page.as_deref(), Some("xn--bcher-kva.test/@ada"), "{host}");
        }
    }

    #[test]
    fn a_text_that_is_no_page_is_none() {
        for text in ["", "example.org", "ftp://example.org", "https://", "https://localhost/x"] {
            assert_eq!(normalise_page(text), None, "{text}");
        }
        assert_eq!(normalise_page("https://user@example.org/"), None);
    }

    #[test]
    fn the_scheme_is_that_of_the_web_in_any_case() {
        assert_eq!(normalise_page("HTTP://a.org").as_deref(), Some("a.org"));
        assert_eq!(normalise_page("HttpS://a.org/").as_deref(), Some("a.org"));
        assert_eq!(normalise_page("gopher://a.org"), None);
    }
}
