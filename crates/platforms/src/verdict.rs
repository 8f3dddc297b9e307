//! What an answer means: a page, or trouble, and of which kind.

use model::port::{WebError, WebResponse};
use model::profile::GoneReason;

use crate::manifest::{BodyWait, ErrorMeaning, ErrorRule, ErrorRules};
use crate::path::{PageNode, SelectorContext, read};

/// How much of an error's text is shown.
const SHOWN_CHARS: usize = 200;

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerVerdict {
    /// A page, to be read.
    Page,
    /// There is nothing here, and that is all right.
    Empty,
    /// The list is there and not shown.
    Hidden,
    Gone(GoneReason),
    /// The host asks for a pause; the wait that its body names, in milliseconds.
    RateLimited(Option<u64>),
    Retry(String),
    GiveUp(String),
}

/// Judges an answer by a stream's rules, in order; without a rule that fits, by its status.
pub(crate) fn of_answer(rules: &ErrorRules, response: &WebResponse, host: &str) -> AnswerVerdict {
    if (200..300).contains(&response.status) {
        return AnswerVerdict::Page;
    }
    let text = String::from_utf8_lossy(&response.body);
    let body = read(&rules.shape, &text).unwrap_or(PageNode::Null);
    let fitting = rules.rules.iter().find(|rule| fits(rule, response, &body));
    let context = SelectorContext { host };
    let wait = || rules.wait.as_ref().and_then(|wait| body_wait_ms(wait, &body, context));
    let words = || words(response, host);
    match fitting.map(|rule| rule.then) {
        Some(ErrorMeaning::Retry) => AnswerVerdict::Retry(words()),
        Some(ErrorMeaning::RateLimited) => AnswerVerdict::RateLimited(wait()),
        Some(ErrorMeaning::Deleted) => AnswerVerdict::Gone(GoneReason::Deleted),
        Some(ErrorMeaning::Suspended) => AnswerVerdict::Gone(GoneReason::Suspended),
        Some(ErrorMeaning::Refused) => AnswerVerdict::Gone(GoneReason::Refused),
        Some(ErrorMeaning::Hidden) => AnswerVerdict::Hidden,
        Some(ErrorMeaning::Empty) => AnswerVerdict::Empty,
        Some(ErrorMeaning::GiveUp) => AnswerVerdict::GiveUp(words()),
        None => match response.status {
            429 => AnswerVerdict::RateLimited(wait()),
            408 | 425 | 500..=599 => AnswerVerdict::Retry(words()),
            _ => AnswerVerdict::GiveUp(words()),
        },
    }
}

/// Judges a request that got no answer. All but an unusable URL may be a passing state of the
/// host, so the caller's count of attempts decides.
pub(crate) fn of_error(error: &WebError) -> AnswerVerdict {
    match error {
        WebError::BadUrl(_) => AnswerVerdict::GiveUp(error.to_string()),
        _ => AnswerVerdict::Retry(error.to_string()),
    }
}

/// The wait that a body names, in milliseconds.
pub(crate) fn body_wait_ms(
    wait: &BodyWait,
    body: &PageNode<'_>,
    context: SelectorContext<'_>,
) -> Option<u64> {
    let amount = wait.field.text(body, context)?.parse::<u64>().ok()?;
    Some(amount.saturating_mul(wait.unit_ms))
}

fn fits(rule: &ErrorRule, response: &WebResponse, body: &PageNode<'_>) -> bool {
    rule.statuses.contains(&response.status)
        && rule.condition.as_ref().is_none_or(|condition| condition.holds(body))
        && rule.text.as_ref().is_none_or(|text| contains(&response.body, text.as_bytes()))
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

fn words(response: &WebResponse, host: &str) -> String {
    let text = String::from_utf8_lossy(&response.body[..response.body.len().min(1_000)]);
    let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    format!("{host} answered {}: {shown}", response.status)
}
