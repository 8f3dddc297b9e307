//! The addresses of webhooks.

use std::fmt;

/// The longest address, in bytes.
const URL_BYTES_MAX: usize = 1_024;

/// The ports at which public hosts may be reached.
pub const PUBLIC_PORTS: [u16; 2] = [443, 8443];

/// Where a webhook is sent: an `https` URL of a named host, or of an origin that was explicitly allowed.
///
/// Whether the name leads to a public address is found out when it is sent.
///
/// ```
/// use model::WebhookUrl;
///
/// assert!(WebhookUrl::parse("https://hooks.example.org/borg?to=1", &[]).is_ok());
/// assert!(WebhookUrl::parse("http://127.0.0.1:9000/", &[]).is_err());
/// assert!(WebhookUrl::parse("http://127.0.0.1:9000/", &["http://127.0.0.1:9000".into()]).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

/// The text is no address of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlError {
    /// It is too long.
    #[error("has at most {URL_BYTES_MAX} characters")]
    TooLong,
    /// It is no `https` URL.
    #[error("must be an https URL of a named host, such as https://hooks.example.org/borg")]
    NoHttps,
    /// Its host is no name in the public DNS.
    #[error("its host must be a name with a dot, in ASCII, not an IP address")]
    BadHost,
    /// It has another port.
    #[error("its port must be 443 or 8443")]
    BadPort,
    /// Its path has characters that must be percent-encoded, or a fragment.
    #[error("its path must be printable ASCII without spaces, quotation marks, \\ < > and #")]
    BadPath,
}

impl WebhookUrl {
    /// The pattern of all addresses that are taken without an allowed origin.
    pub const PATTERN: &'static str = r"^https://([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(:443|:8443)?([/?][!$-&(-;=?-Z_a-z~\[\]]*)?$";
    /// The longest address, in bytes.
    pub const LENGTH_MAX: usize = URL_BYTES_MAX;

    /// Reads an address. `origins`, such as `http://127.0.0.1:9000`, are allowed as they are.
    ///
    /// # Errors
    /// [`WebhookUrlError`].
    pub fn parse(text: &str, origins: &[String]) -> Result<WebhookUrl, WebhookUrlError> {
        if text.len() > URL_BYTES_MAX {
            return Err(WebhookUrlError::TooLong);
        }
        let of_origin = |origin: &String| {
            text.strip_prefix(origin.as_str()).filter(|rest| is_boundary(rest)).map(is_path)
        };
        match origins.iter().find_map(of_origin) {
            Some(true) => {}
            Some(false) => return Err(WebhookUrlError::BadPath),
            None => check_public(text)?,
        }
        Ok(WebhookUrl(text.to_owned()))
    }

    /// An address that was read before.
    pub const fn stored(text: String) -> WebhookUrl {
        WebhookUrl(text)
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether nothing of the origin is left.
fn is_boundary(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

fn check_public(text: &str) -> Result<(), WebhookUrlError> {
    let rest = text.strip_prefix("https://").ok_or(WebhookUrlError::NoHttps)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    if !is_host(host) {
        return Err(WebhookUrlError::BadHost);
    }
    if !port.is_empty() && !is_public_port(port) {
        return Err(WebhookUrlError::BadPort);
    }
    if is_path(path) { Ok(()) } else { Err(WebhookUrlError::BadPath) }
}

/// Whether a text is `:` and one of [`PUBLIC_PORTS`].
fn is_public_port(text: &str) -> bool {
    PUBLIC_PORTS.iter().any(|port| text == format!(":{port}"))
}

/// Labels with a dot between, of which the last begins with a letter: no IP address, in whatever form, does.
fn is_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
        && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_path(path: &str) -> bool {
    let may_be_in = |byte: u8| byte.is_ascii_graphic() && !b"\"'\\<>#`{|}^".contains(&byte);
    is_boundary(path) && path.bytes().all(may_be_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_named_hosts_are_taken() {
        for text in [
            "https://hooks.example.org",
            "https://hooks.example.org/",
            "https://hooks.example.org:443/a?b=c&d=%20",
            "https://hooks.example.org:8443?x",
            "https://xn--bcher-kva.example/",
            "https://1.2.3.4.example/",
        ] {
            assert_eq!(WebhookUrl::parse(text, &[]).map(|url| url.to_string()), Ok(text.into()));
        }
    }

    #[test]
    fn what_is_no_public_address_is_refused_by_its_part() {
        use WebhookUrlError::{BadHost, BadPath, BadPort, NoHttps, TooLong};
        let long = format!("https://a.example/{}", "x".repeat(1_024));
        for (text, why) in [
            ("", NoHttps),
            ("http://hooks.example.org/", NoHttps),
            ("ftp://hooks.example.org/", NoHttps),
            ("https://", BadHost),
            ("https://localhost/", BadHost),
            ("https://10.0.0.1/", BadHost),
            ("https://0x7f.1/", BadHost),
            ("https://127.1/", BadHost),
            ("https://[::1]/", BadHost),
            ("https://a.example./", BadHost),
            ("https://-a.example/", BadHost),
            ("https://user@a.example/", BadHost),
            ("https://user:pass@a.example/", BadHost),
            ("https://bücher.example/", BadHost),
            ("https://a.example:80/", BadPort),
            ("https://a.example:/", BadPort),
            ("https://a.example:0443/", BadPort),
            ("https://a.example/#x", BadPath),
            ("https://a.example/a b", BadPath),
            ("https://a.example/ü", BadPath),
            (&long, TooLong),
        ] {
            assert_eq!(WebhookUrl::parse(text, &[]), Err(why), "{text}");
        }
    }

    #[test]
    fn the_pattern_and_the_refusal_name_the_ports() {
        let refusal = WebhookUrlError::BadPort.to_string();
        for port in PUBLIC_PORTS {
            assert!(WebhookUrl::PATTERN.contains(&format!(":{port}")), "{port}");
            assert!(refusal.contains(&port.to_string()), "{port}");
        }
    }

    #[test]
    fn an_allowed_origin_is_allowed_as_a_whole() {
        let origins = ["http://127.0.0.1:90".to_owned()];
        let is_taken = |text| WebhookUrl::parse(text, &origins).is_ok();
        assert!(is_taken("http://127.0.0.1:90") && is_taken("http://127.0.0.1:90/a"));
        assert!(!is_taken("http://127.0.0.1:9000/a"), "another port");
        assert!(!is_taken("http://127.0.0.1:90@a.example/"), "another host");
        assert!(!is_taken("http://127.0.0.1:90/ a"));
        assert!(is_taken("https://hooks.example.org/"));
    }
}
