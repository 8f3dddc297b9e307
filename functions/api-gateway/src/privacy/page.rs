//! The page `/privacy`: what is held, and forms that make a request and read its outcome. It needs no script.
//!
//! Secrets come in the body of a POST, and are written into no URL. What a form got wrong is said on the page itself,
//! with the status of its problem, and the form keeps what was written into it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use model::privacy_request::{PrivacyRequestStatus, PrivacySecret};
use model::{PrivacyRequest, PrivacyRequestId, PrivacyRequestKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{DemandBody, MadeView, data, make as make_request, opened, order_check, private};
use crate::client_address::FromAddress;
use crate::error::Problem;
use crate::extract::JsonInput as _;
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

/// The form that makes a request, as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DemandForm {
    account: String,
    kind: String,
    about: String,
}

impl DemandForm {
    /// The same as the API takes it. A line ends as it was counted when it was written: with one character.
    fn body(&self) -> Result<DemandBody, Problem> {
        let kind = PrivacyRequestKind::ALL.into_iter().find(|kind| kind.slug() == self.kind);
        let kind = kind.ok_or_else(|| Problem::body("/kind", "choose what you want"))?;
        let about = Some(self.about.replace("\r\n", "\n"));
        Ok(DemandBody { account: self.account.trim().to_owned(), kind, about })
    }
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
    let form: DemandForm = match form(&body) {
        Ok(form) => form,
        Err(problem) => return refused(&problem, None),
    };
    let made = async {
        let body = form.body()?;
        body.check()?;
        make_request(&gateway, address, &body).await
    };
    match made.await {
        Ok(made) => private(shown(&made_notice(&made))),
        Err(problem) => refused(&problem, Some(&form)),
    }
}

/// Shows where a request stands, and lets its code be looked for if that is wanted.
pub(crate) async fn show(State(gateway): State<Gateway>, body: Bytes) -> Response {
    let (form, request) = match named(&gateway, &body).await {
        Ok(found) => found,
        Err(problem) => return refused(&problem, None),
    };
    let problem = match form.action {
        FormAction::Check => order_check(&gateway, &request).await.err(),
        FormAction::Show => None,
    };
    let ordered = match (form.action, &problem) {
        (FormAction::Show, _) => String::new(),
        (FormAction::Check, None) => {
            "<p>The code is looked for now. Come back in a few minutes.</p>".to_owned()
        }
        (FormAction::Check, Some(problem)) => {
            let why = escaped(problem.detail());
            format!("<p><strong>The code is not looked for now:</strong> {why}</p>")
        }
    };
    let notice = request_notice(&request, &form.secret, gateway.now(), &ordered);
    match problem {
        Some(problem) => {
            let page = ShownPage { notice: &notice, is_refused: true, form: None };
            private(problem.page(Html(page.html())))
        }
        None => private(shown(&notice)),
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
        Err(problem) => refused(&problem, None),
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

/// The page with what it says.
struct ShownPage<'a> {
    /// What became of a form, as HTML.
    notice: &'a str,
    /// Whether that is something wrong.
    is_refused: bool,
    /// What was written into the form that makes a request, if it is to be mended.
    form: Option<&'a DemandForm>,
}

impl ShownPage<'_> {
    fn html(&self) -> String {
        let written = |form: &DemandForm| (escaped(&form.account), escaped(&form.about));
        let (account, about) = self.form.map(written).unwrap_or_default();
        let title = if self.is_refused { "Error: " } else { "" };
        let mut page = PAGE.replace("{{title}}", title);
        for kind in PrivacyRequestKind::ALL.map(PrivacyRequestKind::slug) {
            let is_chosen = self.form.is_some_and(|form| form.kind == kind);
            let checked = if is_chosen { " checked" } else { "" };
            page = page.replace(&format!("{{{{{kind}}}}}"), checked);
        }
        page.replace("{{account}}", &account)
            .replace("{{about}}", &about)
            .replace(NOTICE, self.notice)
    }
}

fn shown(notice: &str) -> Response {
    Html(ShownPage { notice, is_refused: false, form: None }.html()).into_response()
}

/// The page of a form that could not be used, with the status of the problem.
fn refused(problem: &Problem, form: Option<&DemandForm>) -> Response {
    let notice = refused_notice(problem);
    let page = ShownPage { notice: &notice, is_refused: true, form };
    private(problem.page(Html(page.html())))
}

fn refused_notice(problem: &Problem) -> String {
    format!(
        "<div class=\"notice refused\" role=\"alert\"><h2>That did not work</h2><p>{}</p></div>",
        escaped(problem.detail())
    )
}

fn made_notice(made: &MadeView) -> String {
    let search = match made.proof.looked_for {
        true => {
            "It is looked for a few times within the day, and when you ask below. Then you can take it away."
        }
        false => {
            "Accounts of this platform cannot be read from here: leave it there until the operator answers."
        }
    };
    format!(
        "<div class=\"notice\" role=\"status\"><h2>The request is made</h2><p><strong>Keep these two: they are shown \
         this once.</strong></p><dl><dt>Request</dt><dd><code>{id}</code></dd><dt>Secret</dt><dd><code>{secret}</code>\
         </dd></dl><p>Now put this code into the bio of that account, until {until}:</p><p><code>{code}</code></p>\
         <p>{search}</p></div>",
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
        "<div class=\"notice\" role=\"status\"><h2>Request {}</h2><p>{status}</p>{ordered}{}{}</div>",
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
        "<form method=\"post\" action=\"/privacy/data\"><input type=\"hidden\" name=\"id\" value=\"{id}\"><input \
         type=\"hidden\" name=\"secret\" value=\"{secret}\"><p>What is held can be read until {until}. If \
         the last line of the file is a <code>next_cursor</code>, the API gives the rest: <code>/v1/privacy-requests/{id}\
         /data?cursor=…</code></p><button type=\"submit\">Download what is held</button></form>",
        id = request.id,
        secret = secret.reveal()
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
            // What stands between two of these is replaced on the page.
            '{' => out.push_str("&#123;"),
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
        assert_eq!(escaped(NOTICE), "&#123;&#123;notice}}");
        assert_eq!(PAGE.matches(NOTICE).count(), 1);
        assert!(!ShownPage { notice: "", is_refused: false, form: None }.html().contains("{{"));
        assert!(!PAGE.contains("://") && !PAGE.contains("<script") && !PAGE.contains("style="));
    }
}
