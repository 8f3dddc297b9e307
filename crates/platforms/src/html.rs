//! As much HTML as bios have in them: text without tags, and the targets of links.

use std::ops::Range;

/// The text of a fragment: tags are dropped, `<br>` and the ends of paragraphs become line breaks,
/// character references are resolved. Linear in the input.
pub(crate) fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_resolved(&mut out, &rest[..start]);
        let Some(tag) = tag_at(rest, start) else {
            break;
        };
        if breaks_line(&rest[tag.clone()]) {
            out.push('\n');
        }
        rest = &rest[tag.end + 1..];
    }
    if !rest.contains('<') {
        push_resolved(&mut out, rest);
    }
    out.trim().to_owned()
}

/// The `href`s of a fragment's links, in order.
pub(crate) fn links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let Some(tag) = tag_at(rest, start) else {
            break;
        };
        found.extend(href(&rest[tag.clone()]));
        rest = &rest[tag.end + 1..];
    }
    found
}

/// The inside of the tag whose `<` is at `start`; its end is where the `>` is.
fn tag_at(html: &str, start: usize) -> Option<Range<usize>> {
    let length = html[start..].find('>')?;
    Some(start + 1..start + length)
}

fn breaks_line(tag: &str) -> bool {
    let name = tag.trim_end_matches('/').trim();
    name.eq_ignore_ascii_case("br") || name.eq_ignore_ascii_case("/p")
}

fn href(tag: &str) -> Option<String> {
    let attributes = tag.strip_prefix(['a', 'A'])?;
    if !attributes.starts_with(char::is_whitespace) {
        return None;
    }
    let value = attributes.split_once("href=")?.1;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let target = value[1..].split(quote).next()?;
    let mut out = String::with_capacity(target.len());
    push_resolved(&mut out, target);
    Some(out)
}

/// Appends `raw` with its character references resolved; what is none stays as it is.
fn push_resolved(out: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((end, reference(&rest[1..end])?))) {
            Some((end, resolved)) => {
                out.push(resolved);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_note_becomes_plain_text() {
        let note = "<p>Jazz &amp; &#39;old&#x27; maps<br />and tea</p><p><a href=\"https://a.org\" \
                    rel=\"me\">a.org</a></p>";
        assert_eq!(text(note), "Jazz & 'old' maps\nand tea\na.org");
        assert_eq!(text("a & b &nonsense; &#xFFFFFFFF;"), "a & b &nonsense; &#xFFFFFFFF;");
    }

    #[test]
    fn links_are_found_in_order() {
        let html = "<p><a href='https://a.org/?x=1&amp;y=2'>x</a><abbr href=\"no\">\
                    <a rel=\"me\" href=\"https://b.org/@u\">y</a></p>";
        assert_eq!(links(html), ["https://a.org/?x=1&y=2", "https://b.org/@u"]);
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(html in "[<>a& ;#xé\"=href/pbr1]{0,60}") {
            prop_assert!(text(&html).len() <= html.len() + 1);
            prop_assert!(links(&html).len() <= html.len());
        }
    }
}
