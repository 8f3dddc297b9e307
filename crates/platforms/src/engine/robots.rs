//! Whether a host's robots.txt allows a request (RFC 9309), and whether its X-Robots-Tag allows to index
//! an answer.

use std::sync::Arc;

use model::port::{WebRequest, WebResponse};
use robotxt::Robots;

use super::context::FetchContext;
use super::page_request::RequestTarget;
use super::redirect::{RoutedAnswer, RoutedRequest, follow};
use super::robots_rules::RobotsRules;
use super::stop_reason::StopReason;
use crate::limits::later;
use crate::manifest::PlatformManifest;

/// The name that robots.txt calls us by: the product token of our User-Agent.
pub(super) const AGENT: &str = "Borg";

/// How long a robots.txt holds, in milliseconds: a day, the most that RFC 9309 allows.
const HOLDS_MS: i64 = 86_400_000;

/// The most bytes of a robots.txt that are read; the least that RFC 9309 allows is 500 KiB.
const BYTES_MAX: usize = 512 << 10;

/// Checks whether a host's robots.txt, read once a day, allows to request `url`. Without an answer, or
/// with a status of 500 and above, nothing is allowed; any other answer but a file allows everything.
pub(super) async fn permit(
    fetch: &mut FetchContext<'_>,
    manifest: &PlatformManifest,
    target: &RequestTarget,
    url: &str,
) -> Result<(), StopReason> {
    if !fetch.memory.heeds_robots() {
        return Ok(());
    }
    let now = fetch.clock.now();
    let known = fetch.memory.robots(&target.host).filter(|rules| now < rules.until);
    let rules = match known {
        Some(rules) => rules,
        None => {
            let rules = RobotsRules {
                robots: read(fetch, manifest, target).await?,
                until: later(now, HOLDS_MS),
            };
            fetch.memory.keep_robots(target.host.clone(), rules.clone());
            rules
        }
    };
    let path = url.strip_prefix(&target.base).filter(|path| !path.is_empty()).unwrap_or("/");
    match rules.robots.is_none_or(|robots| robots.is_allowed(path)) {
        true => Ok(()),
        false => {
            Err(StopReason::Disallowed(format!("the robots.txt of {} disallows it", target.host)))
        }
    }
}

async fn read(
    fetch: &mut FetchContext<'_>,
    manifest: &PlatformManifest,
    target: &RequestTarget,
) -> Result<Option<Arc<Robots>>, StopReason> {
    let request = WebRequest {
        url: format!("{}/robots.txt", target.base),
        headers: vec![("accept".to_owned(), "text/plain, */*;q=0.1".to_owned())],
        body: None,
        redirected_by: None,
    };
    let sent = RoutedRequest { target: target.clone(), request };
    let RoutedAnswer { target: at, response } = follow(fetch, manifest, sent).await?;
    match response.status {
        200..300 => {
            let file = &response.body[..response.body.len().min(BYTES_MAX)];
            Ok(Some(Arc::new(Robots::parse(file, AGENT))))
        }
        429 => Err(fetch.rate_limited(manifest, &at.host, &response, None).await),
        500.. => {
            let why = format!("{} answered {} for its robots.txt", at.host, response.status);
            Err(StopReason::retry(why))
        }
        _ => Ok(None),
    }
}

/// Whether an answer's X-Robots-Tag forbids us to index it: `noindex` or `none`, for all robots or for
/// us by name.
pub(super) fn forbids_indexing(response: &WebResponse) -> bool {
    response.headers_named("x-robots-tag").any(|line| {
        let mut is_for_us = true;
        line.split(',').any(|rule| {
            let rule = match rule.split_once(':') {
                Some((name, _)) if is_setting(name) => return false,
                Some((agent, rule)) => {
                    is_for_us = agent.trim().eq_ignore_ascii_case(AGENT);
                    rule
                }
                None => rule,
            };
            let rule = rule.trim();
            is_for_us && (rule.eq_ignore_ascii_case("noindex") || rule.eq_ignore_ascii_case("none"))
        })
    })
}

/// Rules that have a value, so that the word before their colon is not the name of a robot.
fn is_setting(name: &str) -> bool {
    let settings = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];
    settings.iter().any(|setting| name.trim().eq_ignore_ascii_case(setting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tag_for_us_that_forbids_indexing_counts() {
        let forbids = |lines: &[&str]| {
            let header = |line: &&str| ("x-robots-tag".to_owned(), line.to_string());
            let headers = lines.iter().map(header).collect();
            forbids_indexing(&WebResponse { status: 200, headers, body: Vec::new() })
        };
        let yes: [&[&str]; 6] = [
            &["noindex"],
            &["nofollow, NoIndex"],
            &["none"],
            &["otherbot: nofollow", "noindex"],
            &["borg: noindex"],
            &["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"],
        ];
        for lines in yes {
            assert!(forbids(lines), "{lines:?}");
        }
        let no: [&[&str]; 5] = [
            &[],
            &["nofollow, noarchive"],
            &["otherbot: noindex, nofollow"],
            &["otherbot: nofollow, noindex"],
            &["max-snippet: 0"],
        ];
        for lines in no {
            assert!(!forbids(lines), "{lines:?}");
        }
    }
}
