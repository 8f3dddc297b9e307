//! How a text stands in a field of a tab-separated file, whoever wrote it.
//!
//! It stands there as it is, backslashes and quotes included: in the files of others they mean
//! themselves. Only a text that would break the line, by a tab or a line end in it, is written as a
//! JSON string (`"a\tb"`), and so is a text that would be read as one. A field is read as a JSON
//! string only if it is one that is written so. Every text comes back, then, and of a file of
//! somebody else's only such a field reads as something else than what it is.

use std::borrow::Cow;

/// The field for a text; one line, without a tab. Linear in its length.
pub fn write(text: &str) -> Cow<'_, str> {
    if needs_quotes(text) { Cow::Owned(quote(text)) } else { Cow::Borrowed(text) }
}

/// The text of a field. Linear in its length.
pub fn read(field: &str) -> Cow<'_, str> {
    unquote(field).map_or(Cow::Borrowed(field), Cow::Owned)
}

fn needs_quotes(text: &str) -> bool {
    text.contains(['\t', '\n', '\r']) || unquote(text).is_some()
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text that is written as this field in quotes, if there is one.
fn unquote(field: &str) -> Option<String> {
    if !field.starts_with('"') {
        return None;
    }
    let text: String = serde_json::from_str(field).ok()?;
    (needs_quotes(&text) && quote(&text) == field).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_break_a_line_stands_as_it_is() {
        for text in
            ["CORP\\ann", "CORP\\tom", "CORP\\\\n", "\"ann\"", "\"", "a\"b\"", "\\", "жук", " "]
        {
            assert_eq!(write(text), text);
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn what_would_break_it_is_a_json_string() {
        assert_eq!(write("a\tb\\\"\n"), r#""a\tb\\\"\n""#);
        assert_eq!(write(r#""a\tb""#), r#""\"a\\tb\"""#, "or it would be read as another");
        assert_eq!(read(r#""a\u0009b""#), r#""a\u0009b""#, "it is not written so");
    }

    /// Texts of what the rule is about, and any others.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[\"\\\\\\t\\n\\rtnu0a ]{0,12}", any::<String>()]
    }

    proptest! {
        #[test]
        fn every_text_comes_back_whole(text in text(), times in 0..4) {
            // What was written is itself a text, and so on.
            let text = (0..times).fold(text, |text, _| write(&text).into_owned());
            let field = write(&text);
            prop_assert!(!field.contains(['\t', '\n', '\r']));
            prop_assert_eq!(read(&field), text.as_str());
        }

        #[test]
        fn no_two_texts_share_a_field(a in text(), b in text()) {
            prop_assert_eq!(a == b, write(&a) == write(&b));
        }
    }
}
