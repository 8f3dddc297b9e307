//! Ids of charges, made of what is charged: the same request is charged once.
//!
//! A request with an `Idempotency-Key` is known by the payer and that key, any other read by the payer, the
//! request and the run that answers: on one UTC day, for which answers can be replayed.
//! In the first hour of a day the id of the day before is looked up too, so that a retry across midnight is
//! free; and in its last ten minutes that of the next, because the server that was asked first may have a clock
//! that is ahead: clocks may differ from the true time by five minutes each.

use std::fmt;

use model::time::Timestamp;
use model::{ChargeId, Day, Epoch, PayerId, RunId};
use sha2::{Digest, Sha256};

/// For how long after midnight a charge of the day before answers a request, in seconds.
pub const REPLAYED_AFTER_MIDNIGHT: i64 = 3_600;

/// For how long before midnight a charge of the next day does, in seconds.
pub const REPLAYED_BEFORE_MIDNIGHT: i64 = 600;

/// What was asked: a hash of the request's canonical form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHash {
    bytes: [u8; 32],
}

impl RequestHash {
    /// The hash of a request's parts: its method, path, sorted parameters and body. Each part is hashed
    /// with its length, so that no two lists of parts have the same.
    pub fn new(parts: &[&[u8]]) -> RequestHash {
        RequestHash { bytes: hashed("borg request", parts) }
    }

    /// The hash that was stored as these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> RequestHash {
        RequestHash { bytes }
    }

    /// Its bytes, as they are stored.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

fn hashed(purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// What makes a request the same as another.
#[derive(Debug, Clone, Copy)]
pub enum ChargedRequest<'a> {
    /// The client's own `Idempotency-Key`, whatever the request.
    Keyed {
        /// The key.
        key: &'a str,
    },
    /// The request, answered from a run.
    Read {
        /// What is asked.
        request: RequestHash,
        /// The run.
        run: Option<RunId>,
    },
    /// The request, computed when asked for: again in each epoch.
    Live {
        /// What is asked.
        request: RequestHash,
        /// When it is computed.
        epoch: Epoch,
    },
}

/// The ids under which a request may be charged already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PossibleCharges {
    /// The id under which it is charged now.
    pub id: ChargeId,
    /// That of the day before or after, to be looked up first where midnight is near.
    pub neighbour: Option<ChargeId>,
}

impl ChargedRequest<'_> {
    /// The ids of the charge for this request of `payer` at `now`.
    ///
    /// ```
    /// use model::PayerId;
    /// use pricing::ChargedRequest;
    ///
    /// let at = |time: &str| ChargedRequest::Keyed { key: "order 7" }.ids(PayerId::new(1), time.parse().unwrap());
    /// let late = at("2026-11-22T23:59:59Z");
    /// assert_eq!(at("2026-11-22T08:00:00Z").id, late.id);
    /// assert_eq!(at("2026-11-23T00:00:01Z").neighbour, Some(late.id)); // a retry across midnight
    /// ```
    pub fn ids(&self, payer: PayerId, now: Timestamp) -> PossibleCharges {
        let second = now.as_second();
        let day_of = |second| Timestamp::from_second(second).ok().map(Day::of);
        let today = Day::of(now);
        let before = day_of(second.saturating_sub(REPLAYED_AFTER_MIDNIGHT));
        let after = day_of(second.saturating_add(REPLAYED_BEFORE_MIDNIGHT));
        let neighbour = [before, after].into_iter().flatten().find(|&day| day != today);
        let on = |day| self.id_on(payer, day);
        PossibleCharges { id: on(today), neighbour: neighbour.map(on) }
    }

    fn id_on(&self, payer: PayerId, day: Day) -> ChargeId {
        let payer = payer.number().to_be_bytes();
        let day = day.0.to_be_bytes();
        let hash = match self {
            ChargedRequest::Keyed { key } => {
                hashed("borg charge of a key", &[&payer, key.as_bytes(), &day])
            }
            ChargedRequest::Read { request, run } => {
                let run = run.map(|run| run.number().to_be_bytes());
                let run = run.as_ref().map_or(&[][..], |run| &run[..]);
                hashed("borg charge of a read", &[&payer, request.bytes(), run, &day])
            }
            ChargedRequest::Live { request, epoch } => {
                let epoch = epoch.number().to_be_bytes();
                hashed("borg charge of a computation", &[&payer, request.bytes(), &epoch, &day])
            }
        };
        let mut id = [0; 20];
        id.copy_from_slice(&hash[..20]);
        ChargeId::new(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn request(path: &str) -> RequestHash {
        RequestHash::new(&[b"GET", path.as_bytes()])
    }

    fn ids(payer: u64, charged: ChargedRequest<'_>, time: &str) -> PossibleCharges {
        charged.ids(PayerId::new(payer), at(time))
    }

    const NOON: &str = "2026-11-22T12:00:00Z";

    #[test]
    fn everything_that_makes_a_request_another_makes_another_id() {
        let read = |path, run| ChargedRequest::Read { request: request(path), run };
        let live =
            |epoch| ChargedRequest::Live { request: request("/a"), epoch: Epoch::new(epoch) };
        let all = [
            ids(1, read("/a", Some(RunId::new(1))), NOON),
            ids(2, read("/a", Some(RunId::new(1))), NOON),
            ids(1, read("/b", Some(RunId::new(1))), NOON),
            ids(1, read("/a", Some(RunId::new(2))), NOON),
            ids(1, read("/a", None), NOON),
            ids(1, read("/a", Some(RunId::new(1))), "2026-11-23T12:00:00Z"),
            ids(1, live(1), NOON),
            ids(1, live(2), NOON),
            ids(1, ChargedRequest::Keyed { key: "/a" }, NOON),
            ids(1, ChargedRequest::Keyed { key: "/b" }, NOON),
        ];
        let different: BTreeSet<_> = all.iter().map(|charges| charges.id).collect();
        assert_eq!(different.len(), all.len());
        assert!(all.iter().all(|charges| charges.neighbour.is_none()));
    }

    #[test]
    fn near_midnight_the_other_day_is_looked_up() {
        let key = |time| ids(1, ChargedRequest::Keyed { key: "k" }, time);
        let (before, after) = (key("2028-02-28T23:59:59.999Z"), key("2028-02-29T00:00:00Z"));
        assert_ne!(before.id, after.id);
        assert_eq!((before.neighbour, after.neighbour), (Some(after.id), Some(before.id)));
        assert_eq!(key("2028-02-29T00:59:59.999Z"), after);
        assert_eq!(key("2028-02-29T01:00:00Z"), PossibleCharges { id: after.id, neighbour: None });
        assert_eq!(key("2028-02-28T23:49:59Z"), PossibleCharges { id: before.id, neighbour: None });
        assert_eq!(key("2028-02-28T23:50:00Z"), before);
        let month = key("2028-03-01T00:05:00Z");
        assert_eq!(month.neighbour, Some(after.id));
        assert_eq!(key("1970-01-01T00:00:00Z").neighbour, None);
        let last = ChargedRequest::Keyed { key: "k" }.ids(PayerId::new(1), Timestamp::MAX);
        assert_eq!(last.neighbour, None);
    }

    /// A retry within five minutes finds the charge, though the clocks of the two servers that answer may
    /// each be wrong by five minutes, at any time of the day.
    #[test]
    fn clocks_that_are_wrong_by_five_minutes_charge_once() {
        let request = ChargedRequest::Keyed { key: "k" };
        let midnight = at("2026-12-01T00:00:00Z").as_second();
        for asked in (midnight - 1_800)..(midnight + 1_800) {
            let on = |second| {
                let now = Timestamp::from_second(second).unwrap();
                request.ids(PayerId::new(1), now)
            };
            for (skew, retried) in [(0, 300), (-300, 0), (-300, 600), (300, -300), (300, 600)] {
                let (first, retry) = (on(asked + skew), on(asked + retried));
                let found = retry.id == first.id || retry.neighbour == Some(first.id);
                assert!(found, "{asked} {skew} {retried}");
            }
        }
    }

    #[test]
    fn parts_of_a_request_do_not_run_together() {
        let hash = |parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            RequestHash::new(&parts)
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab", ""]), hash(&["ab"]));
        let stored = hash(&["a"]);
        assert_eq!(RequestHash::from_bytes(*stored.bytes()), stored);
    }

    #[test]
    fn stored_ids_never_change() {
        let key = ids(1, ChargedRequest::Keyed { key: "k" }, NOON).id;
        let read = ChargedRequest::Read { request: request("/a"), run: Some(RunId::new(3)) };
        let live = ChargedRequest::Live { request: request("/a"), epoch: Epoch::new(4) };
        let all = [key, ids(1, read, NOON).id, ids(1, live, NOON).id].map(|id| id.to_string());
        assert_eq!(
            all,
            [
                "chg_rndjnz1y75b5bt2ee8pbkzfvx7shwvr6",
                "chg_9zqbpsw6hssaqpybc6kv14tdr8m9519e",
                "chg_egwccsg7dnhhkzney9xzz72e0ktz5kc0",
            ]
        );
        assert_eq!(format!("{:?}", request("/a")), "9b6bb312…");
    }
}
