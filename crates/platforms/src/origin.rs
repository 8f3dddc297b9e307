//! Where servers are: `--base-url` overrides, and the origins that may be private because of them.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Url;

/// Scheme, host and port of a server, such as `http://127.0.0.1:4000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerOrigin(String);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no origin: take [ROLE=]http[s]://host[:port], without a path")]
pub struct OriginError(String);

impl ServerOrigin {
    /// Reads an origin; a trailing slash is allowed, a path is not.
    ///
    /// ```
    /// # use platforms::ServerOrigin;
    /// let origin = ServerOrigin::parse("http://127.0.0.1:4000/")?;
    /// assert_eq!((origin.as_str(), origin.host()), ("http://127.0.0.1:4000", "127.0.0.1:4000"));
    /// assert!(ServerOrigin::parse("https://one.example/path").is_err());
    /// # Ok::<(), platforms::OriginError>(())
    /// ```
    pub fn parse(text: &str) -> Result<ServerOrigin, OriginError> {
        let bad = || OriginError(text.to_owned());
        let url = Url::parse(text).map_err(|_| bad())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !bare || !anonymous {
            return Err(bad());
        }
        Ok(ServerOrigin::of(&url))
    }

    /// The origin of a URL.
    pub(crate) fn of(url: &Url) -> ServerOrigin {
        ServerOrigin(url.origin().ascii_serialization())
    }

    /// Host and port, the latter only if it is not the scheme's own.
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or(&self.0, |(_, host)| host)
    }

    /// The origin as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Origins that replace those of the manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginOverrides {
    every: Option<ServerOrigin>,
    by_role: BTreeMap<String, ServerOrigin>,
}

impl OriginOverrides {
    /// No overrides: the live web.
    pub fn live() -> OriginOverrides {
        OriginOverrides::default()
    }

    /// Reads `ROLE=URL`, or `URL` for every role that no other item names.
    pub fn parse<T: AsRef<str>>(items: &[T]) -> Result<OriginOverrides, OriginError> {
        let mut origins = OriginOverrides::default();
        for item in items.iter().map(AsRef::as_ref) {
            let role = item.split_once('=').filter(|(role, _)| !role.contains("://"));
            match role {
                Some((role, url)) => {
                    origins.by_role.insert(role.trim().to_owned(), ServerOrigin::parse(url)?);
                }
                None => origins.every = Some(ServerOrigin::parse(item)?),
            }
        }
        Ok(origins)
    }

    /// The origin that replaces that of a role.
    pub(crate) fn of_role(&self, role: &str) -> Option<&ServerOrigin> {
        self.by_role.get(role).or(self.every.as_ref())
    }

    /// The roles that are named.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.by_role.keys().map(String::as_str)
    }

    /// Every origin named: exactly these may be private and speak plain HTTP.
    pub fn exempt(&self) -> Vec<ServerOrigin> {
        self.by_role.values().chain(&self.every).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_go_before_the_origin_of_every_role() {
        let items = ["appview=http://127.0.0.1:2584/", "http://localhost:4000"];
        let origins = OriginOverrides::parse(&items).unwrap();
        assert_eq!(origins.of_role("appview").unwrap().as_str(), "http://127.0.0.1:2584");
        assert_eq!(origins.of_role("pds").unwrap().host(), "localhost:4000");
        assert_eq!(origins.exempt().len(), 2);
        assert_eq!(OriginOverrides::live().of_role("pds"), None);
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["", "appview", "pds=", "ftp://a", "http://a/x", "http://u@a", "http://a?x"] {
            assert!(OriginOverrides::parse(&[text]).is_err(), "{text}");
        }
    }
}
