//! Doorbells to lines of the ledger.

use billing::{DoorbellVerdict, parse_doorbell};
use model::charge::ChargeRef;
use model::port::{PortError, retry_delay_seconds};

use crate::MeterDependencies;

/// A charge whose grant the ledger does not have yet is tried again after so long.
const LATER_SECONDS: u32 = 60;

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorbellOutcome {
    /// It is done with.
    Done,
    /// Not yet: it is to be received again in a minute.
    Later {
        /// What it waits for.
        why: String,
    },
    /// Something failed that may pass: it is to be received again.
    Failed {
        /// What.
        why: String,
    },
    /// It can never be done: a person must look.
    Poison {
        /// Why.
        why: String,
    },
}

impl DoorbellOutcome {
    /// After how many seconds a message that was received `receives` times is to be received again; `None`
    /// if it never is. Poison is, at once, until it is a dead letter.
    pub fn delay_seconds(&self, receives: u32) -> Option<u32> {
        match self {
            DoorbellOutcome::Done => None,
            DoorbellOutcome::Later { .. } => Some(LATER_SECONDS),
            DoorbellOutcome::Failed { .. } => Some(retry_delay_seconds(receives)),
            DoorbellOutcome::Poison { .. } => Some(0),
        }
    }
}

/// What became of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostedMessages {
    /// The outcomes, in the order of the messages.
    pub outcomes: Vec<DoorbellOutcome>,
    /// How many messages rang for charges that the ledger has.
    pub posted: u64,
}

/// Posts the charges that messages with these bodies name: all in one call, so that a batch takes few
/// transactions.
pub async fn post_messages(deps: MeterDependencies<'_>, bodies: &[&str]) -> PostedMessages {
    let bells: Vec<Option<ChargeRef>> = bodies.iter().map(|body| parse_doorbell(body)).collect();
    let known: Vec<ChargeRef> = bells.iter().copied().flatten().collect();
    let mut verdicts = verdicts(deps, &known).await.into_iter();
    let mut posted = PostedMessages::default();
    for bell in bells {
        let verdict = bell.and_then(|_| verdicts.next());
        let is_posted = verdict == Some(Ok(DoorbellVerdict::Posted));
        posted.posted += u64::from(is_posted);
        posted.outcomes.push(outcome(verdict));
    }
    posted
}

/// The verdicts on doorbells. If the whole cannot be posted for good, because of one of them, they are
/// posted one by one.
async fn verdicts(
    deps: MeterDependencies<'_>,
    bells: &[ChargeRef],
) -> Vec<Result<DoorbellVerdict, PortError>> {
    match post(deps, bells).await {
        Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
        Err(PortError::Refused(why)) if bells.len() > 1 => {
            tracing::warn!(why, "doorbells are answered one by one");
            let mut verdicts = Vec::with_capacity(bells.len());
            for bell in bells {
                let alone = post(deps, std::slice::from_ref(bell)).await;
                verdicts.push(alone.map(|found| found.first().copied().unwrap_or(NOTHING)));
            }
            verdicts
        }
        Err(error) => bells.iter().map(|_| Err(error.clone())).collect(),
    }
}

const NOTHING: DoorbellVerdict = DoorbellVerdict::Nothing;

async fn post(
    deps: MeterDependencies<'_>,
    bells: &[ChargeRef],
) -> Result<Vec<DoorbellVerdict>, PortError> {
    billing::post(deps.wallet, &deps.ledger(), bells, deps.clock.now()).await
}

/// What becomes of a message; without a verdict it is no doorbell.
fn outcome(verdict: Option<Result<DoorbellVerdict, PortError>>) -> DoorbellOutcome {
    match verdict {
        None => DoorbellOutcome::Poison { why: "it names no charge".to_owned() },
        Some(Ok(DoorbellVerdict::Posted | DoorbellVerdict::Nothing)) => DoorbellOutcome::Done,
        Some(Ok(DoorbellVerdict::Later { missing })) => {
            DoorbellOutcome::Later { why: format!("the grants lack {missing} credits") }
        }
        Some(Ok(DoorbellVerdict::Wrong)) => DoorbellOutcome::Poison {
            why: "the ledger has another amount, or the wallet no served charge".to_owned(),
        },
        Some(Err(PortError::Retry(why))) => DoorbellOutcome::Failed { why },
        Some(Err(PortError::Refused(why))) => DoorbellOutcome::Poison { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_an_outcome_and_a_delay() {
        let missing = model::MicroCredits::new(1);
        let error = || "no".to_owned();
        let delays = [
            Some(Ok(DoorbellVerdict::Posted)),
            Some(Ok(DoorbellVerdict::Nothing)),
            Some(Ok(DoorbellVerdict::Later { missing })),
            Some(Err(PortError::Retry(error()))),
            Some(Err(PortError::Refused(error()))),
            Some(Ok(DoorbellVerdict::Wrong)),
            None,
        ]
        .map(|verdict| outcome(verdict).delay_seconds(3));
        assert_eq!(delays, [None, None, Some(60), Some(8), Some(0), Some(0), Some(0)]);
    }
}
