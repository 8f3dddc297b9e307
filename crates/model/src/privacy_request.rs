//! Privacy requests: what a person demands of what is held about an account, and how it proves that the account is
//! its own.
//!
//! The account shows the request's *code*, for a day, in its bio; the *secret* that was given with the request reads the
//! outcome. To know the code is of no use: it counts only where none but the owner of the account can write.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::id::{PrivacyRequestId, ProfileId};
use crate::platform::Platform;
use crate::time::Timestamp;

/// For how long a code counts, in seconds: a day.
pub const CODE_SECONDS: i64 = 86_400;
/// Within which an operator answers, in days: no month is shorter (Art. 12(3) GDPR).
pub const DUE_DAYS: i64 = 28;
/// How many days before a proven request is due it is reported that it still waits for its answer.
pub const PRESSING_DAYS: i64 = 7;
/// For how long what is held can be read after its proof, in days.
pub const DATA_DAYS: i64 = 7;
/// How long a request is kept after it ended, in days.
pub const KEPT_DAYS: i64 = 90;
/// How many requests may be made of one account in a UTC day, wherever they come from.
pub const OF_ACCOUNT_MAX: u32 = 30;
/// How many of them may come from one client address.
pub const OF_ACCOUNT_FROM_ADDRESS_MAX: u32 = 3;
/// How many requests may come from one client address in a UTC day.
pub const OF_ADDRESS_MAX: u32 = 10;
/// How often the code of one request is looked for, asked for or not.
pub const CHECKS_MAX: u32 = 10;
/// The fewest seconds between two of these checks that were asked for.
pub const CHECK_PAUSE_SECONDS: i64 = 60;
/// After how many seconds a code is looked for again that could not be looked for.
pub const AGAIN_SECONDS: i64 = 600;
/// The most characters of what an objection or a correction is about.
pub const ABOUT_CHARS_MAX: usize = 2_000;
/// The most characters of an operator's answer.
pub const ANSWER_CHARS_MAX: usize = 10_000;

/// When the code is looked for by itself, in seconds after the request.
const CHECKED_AFTER_SECONDS: [i64; 4] = [600, 3_600, 21_600, 82_800];
const DAY_SECONDS: i64 = 86_400;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What is demanded. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PrivacyRequestKind {
    /// To be erased, and never crawled again.
    OptOut = 1,
    /// To be erased (Art. 17 GDPR), which takes that the account is not crawled again: the same as an opt-out.
    Erasure = 2,
    /// To be given what is held (Art. 15, 20).
    Access = 3,
    /// That a label or a rank is looked at again (Art. 21).
    Objection = 4,
    /// That something wrong is corrected (Art. 16).
    Correction = 5,
}

/// How a request ended. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PrivacyOutcome {
    /// What was demanded is done.
    Done = 1,
    /// The operator refused it, and said why.
    Refused = 2,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyRequestStatus {
    /// Its code is looked for.
    WaitingForProof,
    /// The operator decides.
    WithOperator,
    /// What was demanded is done.
    Done,
    /// The operator refused it, and said why.
    Refused,
}

/// A request as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyRequest {
    /// Its id: random.
    pub id: PrivacyRequestId,
    /// What is demanded.
    pub kind: PrivacyRequestKind,
    /// Where the account is.
    pub platform: Platform,
    /// Its handle or native id, as it was given; `None` once the account is erased.
    pub handle: Option<String>,
    /// What an objection or a correction is about.
    pub about: Option<String>,
    /// What the account shows to prove it.
    pub code: ProofCode,
    /// When it was made.
    pub created_at: Timestamp,
    /// How often its code was looked for.
    pub checks: u32,
    /// When its code was looked for last.
    pub checked_at: Option<Timestamp>,
    /// When its code was found.
    pub proven_at: Option<Timestamp>,
    /// The profile that was proven, or that the operator takes for it, if it is stored.
    pub profile: Option<ProfileId>,
    /// How and when it ended.
    pub ended: Option<(PrivacyOutcome, Timestamp)>,
    /// What the operator answers.
    pub answer: Option<String>,
    /// Until when what is held can be read.
    pub data_until: Option<Timestamp>,
}

impl PrivacyRequestKind {
    /// Every kind.
    pub const ALL: [PrivacyRequestKind; 5] = [
        PrivacyRequestKind::OptOut,
        PrivacyRequestKind::Erasure,
        PrivacyRequestKind::Access,
        PrivacyRequestKind::Objection,
        PrivacyRequestKind::Correction,
    ];

    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<PrivacyRequestKind> {
        PrivacyRequestKind::ALL.into_iter().find(|&kind| kind as u8 == number)
    }

    /// The name in the API.
    pub const fn slug(self) -> &'static str {
        match self {
            PrivacyRequestKind::OptOut => "opt_out",
            PrivacyRequestKind::Erasure => "erasure",
            PrivacyRequestKind::Access => "access",
            PrivacyRequestKind::Objection => "objection",
            PrivacyRequestKind::Correction => "correction",
        }
    }

    /// Whether the account is erased for it.
    pub const fn erases(self) -> bool {
        matches!(self, PrivacyRequestKind::OptOut | PrivacyRequestKind::Erasure)
    }

    /// Whether a person answers it, proven or not: it has to say what it is about.
    pub const fn is_answered(self) -> bool {
        matches!(self, PrivacyRequestKind::Objection | PrivacyRequestKind::Correction)
    }
}

impl PrivacyOutcome {
    /// The outcome with this stored number.
    pub fn from_number(number: u8) -> Option<PrivacyOutcome> {
        [PrivacyOutcome::Done, PrivacyOutcome::Refused]
            .into_iter()
            .find(|&outcome| outcome as u8 == number)
    }
}

impl PrivacyRequestStatus {
    /// The name in the API.
    pub const fn slug(self) -> &'static str {
        match self {
            PrivacyRequestStatus::WaitingForProof => "waiting_for_proof",
            PrivacyRequestStatus::WithOperator => "with_operator",
            PrivacyRequestStatus::Done => "done",
            PrivacyRequestStatus::Refused => "refused",
        }
    }
}

impl PrivacyRequest {
    /// Until when its code counts.
    pub fn code_until(&self) -> Timestamp {
        code_until(self.created_at)
    }

    /// Until when the operator answers what was not done by then.
    pub fn due_at(&self) -> Timestamp {
        days_after(self.created_at, DUE_DAYS)
    }

    /// Where it stands.
    pub fn status(&self, now: Timestamp) -> PrivacyRequestStatus {
        match self.ended {
            Some((PrivacyOutcome::Done, _)) => PrivacyRequestStatus::Done,
            Some((PrivacyOutcome::Refused, _)) => PrivacyRequestStatus::Refused,
            None if self.proven_at.is_none() && now < self.code_until() => {
                PrivacyRequestStatus::WaitingForProof
            }
            None => PrivacyRequestStatus::WithOperator,
        }
    }
}

/// Until when the code of a request of this time counts.
pub fn code_until(created_at: Timestamp) -> Timestamp {
    after(created_at, CODE_SECONDS)
}

/// Some days later.
pub fn days_after(at: Timestamp, days: i64) -> Timestamp {
    after(at, days * DAY_SECONDS)
}

/// When the code of a request is looked for next without being asked; `None` if it is not any more.
///
/// ```
/// use model::Timestamp;
/// use model::privacy_request::next_check;
///
/// let made = Timestamp::UNIX_EPOCH;
/// let first = next_check(made, made).unwrap();
/// assert_eq!(first.as_second(), 600);
/// assert_eq!(next_check(made, first).unwrap().as_second(), 3_600);
/// assert_eq!(next_check(made, Timestamp::from_second(82_800).unwrap()), None);
/// ```
pub fn next_check(created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    CHECKED_AFTER_SECONDS
        .into_iter()
        .map(|seconds| after(created_at, seconds))
        .find(|&check| check > now)
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// How many random bytes a code takes.
pub const CODE_BYTES: usize = 16;
/// How many random bytes a secret takes.
pub const SECRET_BYTES: usize = 32;

/// What an account shows to prove who made a request: `borg-` and 80 random bits.
///
/// ```
/// use model::privacy_request::{CODE_BYTES, ProofCode};
///
/// let code = ProofCode::from_random(&[7; CODE_BYTES]);
/// assert_eq!(code.as_str(), "borg-7777777777777777");
/// assert!(code.is_in("Baker. BORG-7777777777777777!"));
/// assert!(!code.is_in("borg-77777777777777770"), "it is another code");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofCode(String);

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code looks like borg- and {CODE_BYTES} letters and digits")]
pub struct ProofCodeError;

impl ProofCode {
    const PREFIX: &'static str = "borg-";

    /// A code of random bytes.
    pub fn from_random(random: &[u8; CODE_BYTES]) -> ProofCode {
        ProofCode(format!("{}{}", ProofCode::PREFIX, digits(random)))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text has this code in it, in whatever case, and not as a part of a longer word.
    pub fn is_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        text.match_indices(&self.0).any(|(at, found)| {
            let around = [text[..at].chars().next_back(), text[at + found.len()..].chars().next()];
            !around.into_iter().flatten().any(char::is_alphanumeric)
        })
    }
}

impl FromStr for ProofCode {
    type Err = ProofCodeError;

    fn from_str(text: &str) -> Result<ProofCode, ProofCodeError> {
        let body = text.strip_prefix(ProofCode::PREFIX).ok_or(ProofCodeError)?;
        let is_code = body.len() == CODE_BYTES && body.bytes().all(|byte| ALPHABET.contains(&byte));
        if is_code { Ok(ProofCode(text.to_owned())) } else { Err(ProofCodeError) }
    }
}

/// What reads the outcome of a request: `borg_privacy_` and 160 random bits. Its `Debug` form shows no digit of it.
///
/// ```
/// use model::privacy_request::{PrivacySecret, SECRET_BYTES};
///
/// let secret = PrivacySecret::from_random(&[7; SECRET_BYTES]);
/// assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
/// assert_eq!(format!("{secret:?}"), "borg_privacy_…");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PrivacySecret(String);

/// A text that is no secret of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret of a privacy request looks like borg_privacy_ and {SECRET_BYTES} letters and digits"
)]
pub struct PrivacySecretError;

impl PrivacySecret {
    /// What every secret begins with.
    pub const PREFIX: &'static str = "borg_privacy_";

    /// A secret of random bytes.
    pub fn from_random(random: &[u8; SECRET_BYTES]) -> PrivacySecret {
        PrivacySecret(format!("{}{}", PrivacySecret::PREFIX, digits(random)))
    }

    /// The whole secret: to be shown once, or hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrivacySecret {
    type Err = PrivacySecretError;

    fn from_str(text: &str) -> Result<PrivacySecret, PrivacySecretError> {
        let body = text.strip_prefix(PrivacySecret::PREFIX).ok_or(PrivacySecretError)?;
        let is_secret =
            body.len() == SECRET_BYTES && body.bytes().all(|byte| ALPHABET.contains(&byte));
        if is_secret { Ok(PrivacySecret(text.to_owned())) } else { Err(PrivacySecretError) }
    }
}

impl fmt::Debug for PrivacySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", PrivacySecret::PREFIX)
    }
}

/// A digit for each byte, of five of its bits.
fn digits(random: &[u8]) -> String {
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request() -> PrivacyRequest {
        PrivacyRequest {
            id: PrivacyRequestId::new(1),
            kind: PrivacyRequestKind::Objection,
            platform: Platform::BLUESKY,
            handle: Some("ada.example".to_owned()),
            about: None,
            code: ProofCode::from_random(&[0; CODE_BYTES]),
            created_at: at(0),
            checks: 0,
            checked_at: None,
            proven_at: None,
            profile: None,
            ended: None,
            answer: None,
            data_until: None,
        }
    }

    #[test]
    fn a_request_stands_where_its_proof_and_its_end_put_it() {
        let made = request();
        assert_eq!(made.status(at(CODE_SECONDS - 1)), PrivacyRequestStatus::WaitingForProof);
        assert_eq!(made.status(at(CODE_SECONDS)), PrivacyRequestStatus::WithOperator);
        let proven = PrivacyRequest { proven_at: Some(at(5)), ..request() };
        assert_eq!(proven.status(at(6)), PrivacyRequestStatus::WithOperator);
        let ended = Some((PrivacyOutcome::Refused, at(7)));
        assert_eq!(PrivacyRequest { ended, ..proven }.status(at(8)), PrivacyRequestStatus::Refused);
        assert_eq!(made.due_at(), at(28 * 86_400));
    }

    #[test]
    fn a_code_counts_as_a_whole_word_only() {
        let code = ProofCode::from_random(&[10; CODE_BYTES]);
        assert_eq!(code.as_str().parse(), Ok(code.clone()));
        for text in
            ["borg-aaaaaaaaaaaaaaaa", "x (borg-aaaaaaaaaaaaaaaa)", "ä\nBorg-AAAAAAAAAAAAAAAA."]
        {
            assert!(code.is_in(text), "{text}");
        }
        for text in ["", "borg-aaaaaaaaaaaaaaa", "xborg-aaaaaaaaaaaaaaaa", "borg-aaaaaaaaaaaaaaaaé"]
        {
            assert!(!code.is_in(text), "{text}");
        }
        for text in ["", "borg-", "borg-aaaaaaaaaaaaaaai", "borg_aaaaaaaaaaaaaaaa"] {
            assert_eq!(text.parse::<ProofCode>(), Err(ProofCodeError), "{text}");
        }
    }

    #[test]
    fn numbers_and_names_are_fixed() {
        let kinds = PrivacyRequestKind::ALL.map(|kind| (kind as u8, kind.slug()));
        let (erasing, others) = kinds.split_at(2);
        assert_eq!(erasing, [(1, "opt_out"), (2, "erasure")]);
        assert_eq!(others, [(3, "access"), (4, "objection"), (5, "correction")]);
        for kind in PrivacyRequestKind::ALL {
            assert_eq!(PrivacyRequestKind::from_number(kind as u8), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.slug());
        }
        assert_eq!(PrivacyOutcome::from_number(2), Some(PrivacyOutcome::Refused));
        assert_eq!(
            (PrivacyRequestKind::from_number(6), PrivacyOutcome::from_number(3)),
            (None, None)
        );
        for wrong in
            ["", "borg_privacy_", "borg_live_x", "borg_privacy_u0000000000000000000000000000000"]
        {
            assert_eq!(wrong.parse::<PrivacySecret>(), Err(PrivacySecretError), "{wrong}");
        }
    }
}
