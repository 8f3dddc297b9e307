//! The Link header, by the grammar of RFC 8288, section 3 (the parser of its appendix B.2).

use model::port::WebResponse;
use reqwest::Url;

/// One link of a header.
#[derive(Debug, Default, PartialEq, Eq)]
struct HeaderLink<'h> {
    target: &'h str,
    /// The relation types, separated by spaces.
    rel: String,
    /// Whether the link is from elsewhere than the answer.
    is_anchored: bool,
}

/// Path and query of the answer's link with the relation `next`. The host is not taken: the next page
/// is requested from the same host, wherever the header points. Linear in the headers.
pub(super) fn next_link(response: &WebResponse) -> Option<String> {
    let links = response.headers_named("link").flat_map(links);
    let is_next = |link: &HeaderLink<'_>| {
        !link.is_anchored && link.rel.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
    };
    let next = links.into_iter().find(is_next)?;
    let target = Url::parse("https://host.invalid/").ok()?.join(next.target).ok()?;
    let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", target.path()))
}

/// Every link of one header line. What is no link ends the line.
fn links(line: &str) -> Vec<HeaderLink<'_>> {
    let mut links = Vec::new();
    let mut rest = line.trim_start_matches([' ', '\t', ',']);
    while let Some((target, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let mut link = HeaderLink { target: target.trim(), ..HeaderLink::default() };
        rest = parameters(after, &mut link);
        links.push(link);
    }
    links
}

/// Reads the parameters behind a target; what follows them is the next link.
fn parameters<'h>(mut rest: &'h str, link: &mut HeaderLink<'h>) -> &'h str {
    let mut has_rel = false;
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let name_end = after.find([';', ',', '=']).unwrap_or(after.len());
        let name = after[..name_end].trim();
        rest = &after[name_end..];
        let value = match rest.strip_prefix('=') {
            Some(after) => {
                let (value, behind) = value(after.trim_start());
                rest = behind;
                value
            }
            None => String::new(),
        };
        // Of several `rel`, the first counts.
        if name.eq_ignore_ascii_case("rel") && !std::mem::replace(&mut has_rel, true) {
            link.rel = value;
        } else if name.eq_ignore_ascii_case("anchor") {
            link.is_anchored = true;
        }
    }
    let next = rest.find(',').map_or("", |comma| &rest[comma..]);
    next.trim_start_matches([' ', '\t', ','])
}

/// A quoted string or a token, and what is behind it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next_of(lines: &[&str]) -> Option<String> {
        let header = |line: &&str| ("link".to_owned(), line.to_string());
        let headers = lines.iter().map(header).collect();
        next_link(&WebResponse { status: 200, headers, body: Vec::new() })
    }

    #[test]
    fn every_legal_form_of_a_next_link_is_read() {
        let forms: [&[&str]; 16] = [
            &[r#"<https://h/p?max_id=7>; rel="next", <https://h/p?since_id=9>; rel="prev""#],
            &[r#"<https://h/p?since_id=9>; rel="prev""#, r#"<https://h/p?max_id=7>; rel="next""#],
            &[r#"<https://h/p?a=1,2>; rel="prev",<https://h/p?max_id=7>;rel="next""#],
            &["<https://evil.example/p?max_id=7>; rel=next"],
            &["</p?max_id=7>;rel=next"],
            &["<?max_id=7>; rel=next"],
            &[r#"<https://h/p?max_id=7>; REL="NEXT""#],
            &[r#"<https://h/p?max_id=7> ; rel = "next" "#],
            &[r#"<https://h/p?max_id=7>; rel="last next""#],
            &[r#"<https://h/p?max_id=7>; title="a, b; rel=\"prev\""; rel="next""#],
            &[r#"<https://h/p?max_id=7>; title*=UTF-8'en'x; type="text/html"; rel="next""#],
            &[r#"<https://h/p?max_id=7>; rel="next"; rel="prev""#],
            &[r#"<https://h/p?max_id=7>; crossorigin; rel="next""#],
            &[", , <https://h/p?max_id=7>; rel=next,"],
            &["<https://h/x>; anchor=\"#a\"; rel=next, <https://h/p?max_id=7>; rel=next"],
            &["", "< https://h/p?max_id=7 >; rel=\"next\""],
        ];
        for lines in forms {
            let next = next_of(lines);
            let query = next.as_deref().and_then(|next| Some(next.split_once('?')?.1));
            assert_eq!(query, Some("max_id=7"), "{lines:?}");
        }
        let commas = r#"<https://h/p?fields=id,acct&max_id=7>; rel="next""#;
        assert_eq!(next_of(&[commas]).as_deref(), Some("/p?fields=id,acct&max_id=7"));
        assert_eq!(next_of(&["</page/2>; rel=next"]).as_deref(), Some("/page/2"));
    }

    #[test]
    fn what_is_no_next_link_is_none() {
        let lines = [
            "",
            "<https://a/b?x=1>; rel=\"prev\"",
            "https://a; rel=\"next\"",
            "<a",
            "<https://a/b>; rel=nexto",
            "<https://a/b>; title=\"rel=next\"",
            "<https://a/b>; rel=\"prev\"; rel=\"next\"",
            "<https://a/b>",
        ];
        for line in lines {
            assert_eq!(next_of(&[line]), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(line in "[<>;,=\"\\\\ a-z/?]{0,60}") {
            let _ = next_of(&[&line]);
        }

        /// Whatever precedes it, a next link on a line of its own is found.
        #[test]
        fn other_lines_do_not_hide_it(line in "<[a-z]{0,5}>; title=\"[a-z,;<>=]{0,20}\"") {
            let next = next_of(&[&line, "</p?x>; rel=next"]);
            prop_assert_eq!(next.as_deref(), Some("/p?x"));
        }
    }
}
