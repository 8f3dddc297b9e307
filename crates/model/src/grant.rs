//! Grants: credits that were given at once, and the order in which they are used up.
//!
//! ```
//! use model::grant::{GrantId, burn_down};
//! use model::{Grant, GrantKind, MicroCredits, PayerId, Timestamp};
//!
//! let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
//! let grant = |id: &str, kind, expires: Option<&str>| Grant {
//!     expires_at: expires.map(|time| time.parse().unwrap()),
//!     ..Grant::new(id.parse().unwrap(), PayerId::new(1), kind, MicroCredits::new(10)).effective(now)
//! };
//! let grants = [
//!     grant("pay-7", GrantKind::Paid, None),
//!     grant("welcome", GrantKind::Promotional, Some("2026-12-01T00:00:00Z")),
//! ];
//! let draws = burn_down(&grants, MicroCredits::new(12), now).unwrap();
//! assert_eq!(draws[0].grant.as_str(), "welcome"); // what expires first goes first
//! assert_eq!(draws[1].amount, MicroCredits::new(2));
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::PayerId;
use crate::money::MicroCredits;
use crate::time::Timestamp;

/// The most characters of a grant's id.
const ID_LENGTH_MAX: usize = 100;

/// Names a grant for ever, after what it was given for: a payment, an order, a refund. 1 to 100 characters
/// of `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId(String);

impl GrantId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no id of a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id of a grant: 1 to 100 letters, digits, dots, dashes and underscores")]
pub struct GrantIdError(String);

impl FromStr for GrantId {
    type Err = GrantIdError;

    fn from_str(text: &str) -> Result<GrantId, GrantIdError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_id = !text.is_empty() && text.len() <= ID_LENGTH_MAX && text.bytes().all(fits);
        let wrong = || GrantIdError(text.chars().take(80).collect());
        is_id.then(|| GrantId(text.to_owned())).ok_or_else(wrong)
    }
}

impl TryFrom<String> for GrantId {
    type Error = GrantIdError;

    fn try_from(text: String) -> Result<GrantId, GrantIdError> {
        text.parse()
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> String {
        id.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether credits were paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum GrantKind {
    /// Given away. It is used before paid credits of the same priority and expiry.
    Promotional = 1,
    /// Paid for.
    Paid = 2,
}

impl GrantKind {
    /// Every kind, by number.
    pub const ALL: [GrantKind; 2] = [GrantKind::Promotional, GrantKind::Paid];

    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<GrantKind> {
        GrantKind::ALL.into_iter().find(|&kind| kind as u8 == number)
    }

    /// The name in answers and ids.
    pub const fn slug(self) -> &'static str {
        match self {
            GrantKind::Promotional => "promotional",
            GrantKind::Paid => "paid",
        }
    }
}

/// Credits that were given at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// Names it for ever.
    pub id: GrantId,
    /// Whose it is.
    pub payer: PayerId,
    /// Whether it was paid for.
    pub kind: GrantKind,
    /// The smaller, the earlier it is used.
    pub priority: u8,
    /// From when on it may be used.
    pub effective_at: Timestamp,
    /// When what is left of it is taken back; never if `None`.
    pub expires_at: Option<Timestamp>,
    /// What was given, above zero.
    pub amount: MicroCredits,
    /// What is left of it, from zero to the amount.
    pub remaining: MicroCredits,
    /// Whether the wallet has it: until then it is recorded, but nothing of it can be spent.
    pub in_wallet: bool,
    /// How often a part of it expired.
    pub expiries: u32,
}

/// The priority of a grant of which nothing else was said.
pub const PRIORITY: u8 = 100;

impl Grant {
    /// A grant of which nothing is used: effective since 1970, without an end, of priority 100.
    pub const fn new(id: GrantId, payer: PayerId, kind: GrantKind, amount: MicroCredits) -> Grant {
        let (remaining, effective_at) = (amount, Timestamp::UNIX_EPOCH);
        let (in_wallet, expiries, expires_at) = (false, 0, None);
        let priority = PRIORITY;
        Grant {
            id,
            payer,
            kind,
            priority,
            effective_at,
            expires_at,
            amount,
            remaining,
            in_wallet,
            expiries,
        }
    }

    /// The same, effective from `at` on.
    #[must_use]
    pub fn effective(self, at: Timestamp) -> Grant {
        Grant { effective_at: at, ..self }
    }

    /// Whether it is in force at `at`.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.effective_at <= at && !self.is_overdue(at)
    }

    /// Whether it should have expired by `at`.
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires| expires <= at)
    }

    /// The order of use as of `at`: grants in force first, then such as are not yet in force, then such
    /// as are overdue; among equals by priority, the earlier expiry (none is last), promotional before
    /// paid, the earlier effective, the smaller id.
    pub fn order_of_use(&self, other: &Grant, at: Timestamp) -> Ordering {
        let expiry = |grant: &Grant| grant.expires_at.unwrap_or(Timestamp::MAX);
        let rank = |grant: &Grant| (grant.is_overdue(at), !grant.is_in_force(at), grant.priority);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| expiry(self).cmp(&expiry(other)))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.effective_at.cmp(&other.effective_at))
            .then_with(|| self.id.cmp(&other.id))
    }
}

/// What is taken from one grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrantDraw {
    /// From which.
    pub grant: GrantId,
    /// How much, above zero.
    pub amount: MicroCredits,
}

/// The grants hold less than was to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the grants lack {missing} credits")]
pub struct GrantsShort {
    /// What is missing.
    pub missing: MicroCredits,
}

/// What is taken from which of one payer's `grants` for `amount` as of `at`, in [`Grant::order_of_use`].
///
/// A grant that is overdue but has not expired in the ledger still counts, last: the wallet still has
/// its credits, so that whatever could be spent is covered.
///
/// # Errors
/// [`GrantsShort`] where they hold less; then nothing is to be taken.
pub fn burn_down<'a>(
    grants: impl IntoIterator<Item = &'a Grant>,
    amount: MicroCredits,
    at: Timestamp,
) -> Result<Vec<GrantDraw>, GrantsShort> {
    let mut ordered: Vec<&Grant> = grants.into_iter().collect();
    ordered.sort_by(|one, other| one.order_of_use(other, at));
    draw_in_order(ordered, amount)
}

/// The same for what expires: from the grant itself, and should it hold less, from those that are used
/// last as of `at`.
///
/// # Errors
/// [`GrantsShort`] where all of them hold less; then nothing is to be taken.
pub fn burn_up<'a>(
    grants: impl IntoIterator<Item = &'a Grant>,
    expiring: &GrantId,
    amount: MicroCredits,
    at: Timestamp,
) -> Result<Vec<GrantDraw>, GrantsShort> {
    let mut ordered: Vec<&Grant> = grants.into_iter().collect();
    ordered.sort_by(|one, other| {
        let is_other = |grant: &Grant| grant.id != *expiring;
        is_other(one).cmp(&is_other(other)).then_with(|| other.order_of_use(one, at))
    });
    draw_in_order(ordered, amount)
}

fn draw_in_order(grants: Vec<&Grant>, amount: MicroCredits) -> Result<Vec<GrantDraw>, GrantsShort> {
    let mut missing = amount.micros();
    let mut draws = Vec::new();
    for grant in grants {
        let taken = missing.min(grant.remaining.micros());
        if taken > 0 {
            draws.push(GrantDraw { grant: grant.id.clone(), amount: MicroCredits::new(taken) });
            missing -= taken;
        }
    }
    match missing {
        ..=0 => Ok(draws),
        missing => Err(GrantsShort { missing: MicroCredits::new(missing) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn grant(id: &str, remaining: i64) -> Grant {
        let amount = MicroCredits::new(remaining);
        Grant::new(id.parse().unwrap(), PayerId::new(1), GrantKind::Paid, amount)
    }

    fn order(grants: &[Grant], day: i64) -> String {
        let sum = grants.iter().map(|grant| grant.remaining.micros()).sum();
        let draws = burn_down(grants, MicroCredits::new(sum), at(day)).unwrap();
        draws.iter().map(|draw| draw.grant.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_rule_of_the_order_decides_among_equals() {
        let first = Grant { priority: 1, ..grant("first", 1) };
        let soon = Grant { expires_at: Some(at(20)), ..grant("soon", 1) };
        let later = Grant { expires_at: Some(at(30)), ..grant("later", 1) };
        let gift = Grant { kind: GrantKind::Promotional, ..grant("gift", 1) };
        let (old, new) = (grant("z-old", 1), grant("new", 1).effective(at(2)));
        let (same, future) = (grant("z-same", 1), grant("future", 1).effective(at(90)));
        let overdue = Grant { expires_at: Some(at(10)), priority: 0, ..grant("overdue", 1) };
        let grants = [future, same, new, overdue, old, gift, later, soon, first];
        assert_eq!(order(&grants, 10), "first soon later gift z-old z-same new future overdue");
        assert_eq!(order(&grants, 9), "overdue first soon later gift z-old z-same new future");
    }

    #[test]
    fn what_expires_is_taken_from_its_grant_and_then_from_the_last_ones() {
        let overdue = Grant { expires_at: Some(at(1)), ..grant("other", 5) };
        let expiring = Grant { expires_at: Some(at(2)), ..grant("expiring", 3) };
        let grants = [grant("paid", 7), overdue, expiring];
        let id = "expiring".parse().unwrap();
        let draws = burn_up(&grants, &id, MicroCredits::new(9), at(5)).unwrap();
        let taken: Vec<(&str, i64)> =
            draws.iter().map(|draw| (draw.grant.as_str(), draw.amount.micros())).collect();
        assert_eq!(taken, [("expiring", 3), ("other", 5), ("paid", 1)]);
        assert!(burn_up(&grants, &id, MicroCredits::new(16), at(5)).is_err());
    }

    proptest! {
        #[test]
        fn draws_add_up_or_say_what_is_missing(
            left in proptest::collection::vec(0i64..50, 0..6), amount in 0i64..200,
        ) {
            let numbered = left.iter().enumerate();
            let grants: Vec<Grant> =
                numbered.map(|(n, &left)| grant(&format!("g{n}"), left)).collect();
            let sum: i64 = left.iter().sum();
            match burn_down(&grants, MicroCredits::new(amount), at(1)) {
                Ok(draws) => {
                    prop_assert_eq!(draws.iter().map(|draw| draw.amount.micros()).sum::<i64>(), amount);
                    prop_assert!(draws.iter().all(|draw| draw.amount > MicroCredits::ZERO));
                }
                Err(short) => prop_assert_eq!(short.missing.micros(), amount - sum),
            }
        }
    }

    #[test]
    fn an_id_has_few_characters() {
        for wrong in ["", "a b", "a:b", "é", &"x".repeat(101)] {
            assert!(wrong.parse::<GrantId>().is_err(), "{wrong}");
        }
        let id: GrantId = "pay_3.N-k".parse().unwrap();
        assert_eq!((id.as_str(), id.to_string().len()), ("pay_3.N-k", 9));
        for kind in GrantKind::ALL {
            assert_eq!(GrantKind::from_number(kind as u8), Some(kind));
        }
        assert_eq!(GrantKind::ALL.map(GrantKind::slug), ["promotional", "paid"]);
    }
}
