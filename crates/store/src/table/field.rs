//! The form of a text in a field of a tab-separated file, of ours or of others.
//!
//! A field is the text itself, with backslashes and quotes: in the files of others they have no special
//! meaning. Only a text that would break the line, by a tab or a line end in it, is written as a JSON
//! string (`"a\tb"`), and so is a text that would be read as one. A field is read as a JSON string only
//! if this module would write it so. So every text is read back as it was, and in files of others only
//! such a field is read as another text.

use std::borrow::Cow;

/// The field for a text; one line, without a tab. Linear in its length.
///
/// ```
/// use store::table::field;
///
/// assert_eq!(field::write(r"C:\dir"), r"C:\dir");
/// assert_eq!(field::write("a\tb"), r#""a\tb""#);
/// assert_eq!(field::read(&field::write("a\tb")), "a\tb");
/// ```
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
