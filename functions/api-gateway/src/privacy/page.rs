//! The page `/privacy`: what is held, and forms that make a request and read its outcome. It needs no script.
//!
//! Secrets come in the body of a POST, and are written into no URL. What a form got wrong is said on the page itself,
//! so these answers are pages and no problems.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use model::privacy_request::{ABOUT_CHARS_MAX, PrivacyRequestStatus, PrivacySecret};
use model::{PrivacyRequest, PrivacyRequestId, PrivacyRequestKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Demand, MadeView, account, data, make as make_request, opened, order_check, private};
use crate::client_address::FromAddress;
use crate::error::Problem;
use crate::state::Gateway;

const PAGE: &str = include_str!("../../docs/privacy.html");
/// Where the page says what became of a form.
const NOTICE: &str = "{{notice}}";

/// The page.
pub(crate) async fn get() -> Response {
    shown("")
}

/// The page's looks.
pub(crate) async fn style() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(CONTENT_TYPE, kind)], include_str!("../../docs/privacy.css")).into_response()
}

/// The form that makes a request.
#[derive(Debug, Deserialize)]
struct DemandForm {
    account: String,
    kind: PrivacyRequestKind,
    #[serde(default)]
    about: String,
}

/// The forms that name a request.
#[derive(Debug, Deserialize)]
struct RequestForm {
    id: String,
    secret: String,
    #[serde(default, rename = "do")]
    action: FormAction,
}

/// What is done with a request that is named.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FormAction {
    #[default]
    Show,
    Check,
}

/// Makes a request, and shows its code and its secret.
pub(crate) async fn make(
    State(gateway): State<Gateway>,
    FromAddress(address): FromAddress,
    body: Bytes,
) -> Response {
    let made = async {
        let DemandForm { account: text, kind, about } = form(&body)?;
        let about: String = about.chars().take(ABOUT_CHARS_MAX).collect();
        let demand = Demand { account: account(text.trim())?, kind, about: Some(about) };
        make_request(&gateway, address, &demand).await
    };
    match made.await {
        Ok(made) => private(shown(&made_notice(&made))),
        Err(problem) => private(shown(&refused_notice(&problem))),
    }
}

/// Shows where a request stands, and lets its code be looked for if that is wanted.
pub(crate) async fn show(State(gateway): State<Gateway>, body: Bytes) -> Response {
    let found = async {
        let (form, request) = named(&gateway, &body).await?;
        let ordered = match form.action {
            FormAction::Check => Some(order_check(&gateway, &request).await),
            FormAction::Show => None,
        };
        Ok::<_, Problem>((form, request, ordered))
    };
    match found.await {
        Ok((form, request, ordered)) => {
            let ordered = match ordered {
                Some(Ok(())) => "<p>The code is looked for now. Come back in a few minutes.</p>",
                Some(Err(_)) => "<p>The code cannot be looked for again now: wait a minute.</p>",
                None => "",
            };
            let notice = request_notice(&request, &form.secret, gateway.now(), ordered);
            private(shown(&notice))
        }
        Err(problem) => private(shown(&refused_notice(&problem))),
    }
}

/// Gives what is held, as a file: a line of JSON for each page.
pub(crate) async fn data(State(gateway): State<Gateway>, body: Bytes) -> Response {
    let held = async {
        let (_, request) = named(&gateway, &body).await?;
        data::whole(&gateway, &request).await
    };
    match held.await {
        Ok(lines) => {
            let kind = HeaderValue::from_static("application/x-ndjson");
            let file = HeaderValue::from_static("attachment; filename=\"borg-data.ndjson\"");
            private(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, file)], lines))
        }
        Err(problem) => private(shown(&refused_notice(&problem))),
    }
}

async fn named(gateway: &Gateway, body: &Bytes) -> Result<(RequestForm, PrivacyRequest), Problem> {
    let form: RequestForm = form(body)?;
    let id: PrivacyRequestId = form
        .id
        .trim()
        .parse()
        .map_err(|error: model::id::IdError| Problem::body("/id", error.to_string()))?;
    let request = opened(gateway, id, form.secret.trim()).await?;
    Ok((form, request))
}

fn form<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_urlencoded::from_bytes(body).map_err(|error| Problem::body("", error.to_string()))
}

fn shown(notice: &str) -> Response {
    Html(PAGE.replace(NOTICE, notice)).into_response()
}

fn refused_notice(problem: &Problem) -> String {
    format!(
        "<div class=\"notice refused\" role=\"alert\"><p><strong>That did not work.</strong> {}</p></div>",
        escaped(problem.detail())
    )
}

fn made_notice(made: &MadeView) -> String {
    format!(
        "<div class=\"notice\" role=\"status\"><p><strong>The request is made. Keep these two: they are shown this \
         once.</strong></p><dl><dt>Request</dt><dd><code>{id}</code></dd><dt>Secret</dt><dd><code>{secret}</code>\
         </dd></dl><p>Now put this code into the bio of that account, until {until}:</p><p><code>{code}</code></p>\
         <p>Or on a web page that its platform has verified as yours and that names the account back by rel=me. It is \
         looked for a few times within the day, and when you ask below. Then you can take it away.</p></div>",
        id = made.id,
        secret = escaped(&made.secret),
        code = escaped(&made.proof.code),
        until = made.proof.valid_until,
    )
}

fn request_notice(
    request: &PrivacyRequest,
    secret: &str,
    now: model::Timestamp,
    ordered: &str,
) -> String {
    let status = match request.status(now) {
        PrivacyRequestStatus::WaitingForProof => format!(
            "Its code <code>{}</code> was looked for {} times and not found yet. It counts until {}.",
            escaped(request.code.as_str()),
            request.checks,
            request.code_until()
        ),
        PrivacyRequestStatus::WithOperator => {
            format!("The operator answers until {}.", request.due_at())
        }
        PrivacyRequestStatus::Done => "It is done.".to_owned(),
        PrivacyRequestStatus::Refused => "The operator refused it.".to_owned(),
    };
    let answer = request.answer.as_deref().map(escaped);
    let answer = answer.map(|text| format!("<p>The operator’s answer:</p><p>{text}</p>"));
    format!(
        "<div class=\"notice\" role=\"status\"><p><strong>Request {}</strong></p><p>{status}</p>{ordered}{}{}</div>",
        request.id,
        answer.unwrap_or_default(),
        data_form(request, secret, now),
    )
}

/// The form that gives what is held, while it can be read.
fn data_form(request: &PrivacyRequest, secret: &str, now: model::Timestamp) -> String {
    let Some(until) = request.data_until.filter(|&until| now < until) else { return String::new() };
    // Only what has the form of a secret is written back.
    let Ok(secret) = secret.trim().parse::<PrivacySecret>() else { return String::new() };
    format!(
        "<form method=\"post\" action=\"/privacy/data\"><input type=\"hidden\" name=\"id\" value=\"{}\"><input \
         type=\"hidden\" name=\"secret\" value=\"{}\"><p>What is held can be read until {until}.</p><button \
         type=\"submit\">Download what is held</button></form>",
        request.id,
        secret.reveal()
    )
}

/// A text as HTML shows it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_says_is_shown_as_text() {
        assert_eq!(escaped("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
        let notice = refused_notice(&Problem::body("/account", "<script>"));
        assert!(notice.contains("&lt;script&gt;") && !notice.contains("<script>"));
        assert_eq!(PAGE.matches(NOTICE).count(), 1);
        assert!(!PAGE.contains("://") && !PAGE.contains("<script") && !PAGE.contains("style="));
    }
}
