//! As much HTML as bios have in them: text without tags, and the targets of links.

use std::borrow::Cow;

use html5gum::{StartTag, Token, Tokenizer};

/// Elements that are on lines of their own.
const BLOCKS: [&str; 17] = [
    "blockquote",
    "dd",
    "div",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "p",
    "pre",
    "table",
    "td",
    "th",
    "tr",
];

/// The text of a fragment: tags are dropped, `<br>` and the bounds of blocks become line breaks,
/// character references are resolved as browsers do. Linear in the input.
pub(crate) fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for token in tokens(html) {
        match token {
            Token::String(text) => out.push_str(&utf8(&text).replace('\u{A0}', " ")),
            Token::StartTag(tag) if *tag.name == *b"br" => out.push('\n'),
            Token::StartTag(tag) => break_line(&mut out, &tag.name),
            Token::EndTag(tag) => break_line(&mut out, &tag.name),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// The `href`s of a fragment's links, in order.
pub(crate) fn links(html: &str) -> Vec<String> {
    let link = |token| match token {
        Token::StartTag(tag) => href(&tag),
        _ => None,
    };
    tokens(html).filter_map(link).collect()
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    Tokenizer::new(html).flatten()
}

fn break_line(out: &mut String, name: &[u8]) {
    let is_block = BLOCKS.iter().any(|block| block.as_bytes() == name);
    if is_block && !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn href(tag: &StartTag<()>) -> Option<String> {
    let target = tag.attributes.get(b"href".as_slice()).filter(|_| *tag.name == *b"a")?;
    Some(utf8(target).trim().to_owned())
}

fn utf8(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
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
        assert_eq!(text("a & b &nonsense; 1 < 2"), "a & b &nonsense; 1 < 2");
        assert_eq!(text("<ul><li>x<li>y</ul><DIV>z</DIV>"), "x\ny\nz");
    }

    #[test]
    fn references_are_resolved_as_browsers_do() {
        let note = "&commat;ada&#64;one&period;example&nbsp;&hellip; caf&eacute;&#x1F418;";
        assert_eq!(text(note), "@ada@one.example … café🐘");
    }

    #[test]
    fn links_are_found_in_order() {
        let html = "<p><a href='https://a.org/?x=1&amp;y=2'>x</a><abbr href=\"no\">\
                    <a rel=\"me\" HREF = https://b.org/@u>y</a><a title='>' href=\"https://c.org\">";
        assert_eq!(links(html), ["https://a.org/?x=1&y=2", "https://b.org/@u", "https://c.org"]);
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(html in "[<>a& ;#xé\"=href/pbr1!-]{0,60}") {
            prop_assert!(text(&html).len() <= 3 * html.len() + 1);
            prop_assert!(links(&html).len() <= html.len());
        }
    }
}
