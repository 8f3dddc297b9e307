//! What an answer means: a page, or trouble, and of which kind.

use model::port::{WebError, WebResponse};
use model::profile::GoneReason;

use crate::manifest::{BodyWait, ErrorRule, ErrorRules, Then};
use crate::path::{Context, Node, read};

/// How much of an error's text is shown.
const SHOWN_CHARS: usize = 200;

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A page, to be read.
    Page,
    /// There is nothing here, and that is all right.
    Empty,
    /// The list is there and not shown.
    Hidden,
    Gone(GoneReason),
    /// The host wants a pause; the wait that its body told, in milliseconds.
    RateLimited(Option<u64>),
    Retry(String),
    GiveUp(String),
}

/// Judges an answer by a stream's rules, in order; without a rule that fits, by its status.
pub(crate) fn of_answer(rules: &ErrorRules, response: &WebResponse, host: &str) -> Verdict {
    if (200..300).contains(&response.status) {
        return Verdict::Page;
    }
    let text = String::from_utf8_lossy(&response.body);
    let body = read(&rules.shape, &text).unwrap_or(Node::Null);
    let fitting = rules.rules.iter().find(|rule| fits(rule, response, &body));
    let context = Context { host };
    let wait = || rules.wait.as_ref().and_then(|wait| told_ms(wait, &body, context));
    let words = || words(response, host);
    match fitting.map(|rule| rule.then) {
        Some(Then::Retry) => Verdict::Retry(words()),
        Some(Then::RateLimited) => Verdict::RateLimited(wait()),
        Some(Then::Deleted) => Verdict::Gone(GoneReason::Deleted),
        Some(Then::Suspended) => Verdict::Gone(GoneReason::Suspended),
        Some(Then::Refused) => Verdict::Gone(GoneReason::Refused),
        Some(Then::Hidden) => Verdict::Hidden,
        Some(Then::Empty) => Verdict::Empty,
        Some(Then::GiveUp) => Verdict::GiveUp(words()),
        None => match response.status {
            429 => Verdict::RateLimited(wait()),
            408 | 425 | 500..=599 => Verdict::Retry(words()),
            _ => Verdict::GiveUp(words()),
        },
    }
}

/// Judges a request that got no answer. All but an unusable URL may be a passing state of the
/// host, so the caller's count of attempts decides.
pub(crate) fn of_error(error: &WebError) -> Verdict {
    match error {
        WebError::BadUrl(_) => Verdict::GiveUp(error.to_string()),
        _ => Verdict::Retry(error.to_string()),
    }
}

/// The wait that a body tells, in milliseconds.
pub(crate) fn told_ms(wait: &BodyWait, body: &Node<'_>, context: Context<'_>) -> Option<u64> {
    let told = wait.field.text(body, context)?.parse::<u64>().ok()?;
    Some(told.saturating_mul(wait.unit_ms))
}

fn fits(rule: &ErrorRule, response: &WebResponse, body: &Node<'_>) -> bool {
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
