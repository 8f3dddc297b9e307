//! The language of manifests, to try out: what a selector selects, whether a condition holds, and what
//! a template becomes.

use crate::path::{PageShape, RecordCondition, SelectorContext, ValueSelector, read};
use crate::template::{TemplateName, TextTemplate, escape_url};

/// A selector, condition or template with a mistake, or a page that is no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LanguageError(String);

impl LanguageError {
    fn of(error: impl ToString) -> LanguageError {
        LanguageError(error.to_string())
    }
}

/// The texts that a selector selects of a page that the host `one.example` sent.
///
/// Lists are looked through, and filters choose among their values:
///
/// ```
/// # use platforms::language::select;
/// let page = r#"{"labels": [{"val": "bot"}, {"val": "old", "neg": true}]}"#;
/// assert_eq!(select("labels.val", page)?, ["bot", "old"]);
/// assert_eq!(select("labels[neg != true].val", page)?, ["bot"]);
/// # Ok::<(), platforms::language::LanguageError>(())
/// ```
///
/// Functions change texts, or drop them:
///
/// ```
/// # use platforms::language::select;
/// let page = r#"{"uri": "at://did:plc:ada/app.post/1", "acct": "ada", "note": "<p>Hi &amp; bye"}"#;
/// assert_eq!(select(r#"uri | capture "^at://([^/]+)/""#, page)?, ["did:plc:ada"]);
/// assert_eq!(select("acct | at_host", page)?, ["ada@one.example"]);
/// assert_eq!(select("note | html_text", page)?, ["Hi & bye"]);
/// assert_eq!(select(r#"acct | not "ada""#, page)?, [""; 0]);
/// # Ok::<(), platforms::language::LanguageError>(())
/// ```
pub fn select(selector: &str, page: &str) -> Result<Vec<String>, LanguageError> {
    let mut shape = PageShape::default();
    let selector = ValueSelector::parse(&[selector], &mut shape).map_err(LanguageError::of)?;
    let node = read(&shape, page).map_err(LanguageError::of)?;
    let mut texts = Vec::new();
    let context = SelectorContext { host: "one.example" };
    selector.texts(&node, context, &mut |text| texts.push(text.into_owned()));
    Ok(texts)
}

/// Whether a record fulfils a condition.
///
/// ```
/// # use platforms::language::holds;
/// let record = r#"{"bot": false, "discoverable": null, "tags": ["a", "b"]}"#;
/// assert!(!holds("bot", record)?);
/// assert!(holds(r#"tags == "b""#, record)?);
/// assert!(holds("discoverable == null", record)? && !holds("discoverable == absent", record)?);
/// # Ok::<(), platforms::language::LanguageError>(())
/// ```
pub fn holds(condition: &str, record: &str) -> Result<bool, LanguageError> {
    let mut shape = PageShape::default();
    let condition = RecordCondition::parse(condition, &mut shape).map_err(LanguageError::of)?;
    Ok(condition.holds(&read(&shape, record).map_err(LanguageError::of)?))
}

/// A template filled with values by name, escaped for a URL.
///
/// ```
/// # use platforms::language::fill;
/// let path = fill("/users/{handle}?from={cursor}", &[("handle", "a/b"), ("cursor", "7&8")])?;
/// assert_eq!(path, "/users/a%2Fb?from=7%268");
/// assert!(fill("/users/{handel}", &[]).unwrap_err().to_string().contains("unknown name"));
/// # Ok::<(), platforms::language::LanguageError>(())
/// ```
pub fn fill(template: &str, values: &[(&str, &str)]) -> Result<String, LanguageError> {
    let template = TextTemplate::parse(template).map_err(LanguageError::of)?;
    let value = |name: TemplateName| {
        let name = name.to_string();
        values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    };
    let missing = |name: TemplateName| LanguageError(format!("no value for `{name}`"));
    template.fill(&value, &escape_url).map_err(missing)
}
