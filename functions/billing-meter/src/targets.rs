//! How much of each class should be used in a minute: what the price is steered to.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::str::FromStr;

use model::PriceClass;

/// A target for each class, in units of its capacity a minute.
///
/// ```
/// use billing_meter::PriceTargets;
/// use model::PriceClass;
///
/// let targets: PriceTargets = "search=100, live=5".parse()?;
/// assert_eq!(targets.of(PriceClass::Search).get(), 100);
/// assert_eq!(targets.of(PriceClass::Graph).get(), 600_000); // not said: the default
/// assert!("search=0".parse::<PriceTargets>().is_err());
/// # Ok::<(), billing_meter::PriceTargetsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceTargets {
    set: BTreeMap<PriceClass, NonZeroU64>,
}

/// The text says no targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no target: take a class and units a minute above zero, such as search=6000, and commas \
     between several"
)]
pub struct PriceTargetsError(String);

impl PriceTargets {
    /// The target of a class.
    pub fn of(&self, class: PriceClass) -> NonZeroU64 {
        self.set.get(&class).copied().unwrap_or_else(|| default_target(class))
    }
}

/// What is aimed at where nothing else was said.
fn default_target(class: PriceClass) -> NonZeroU64 {
    let units = match class {
        PriceClass::Search => 6_000,
        PriceClass::Graph => 600_000,
        PriceClass::Export => 1_000,
        PriceClass::Stream => 60_000,
        PriceClass::Live => 600,
    };
    NonZeroU64::new(units).unwrap_or(NonZeroU64::MIN)
}

impl FromStr for PriceTargets {
    type Err = PriceTargetsError;

    fn from_str(text: &str) -> Result<PriceTargets, PriceTargetsError> {
        let mut set = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let target = part.split_once('=').and_then(|(class, units)| {
                Some((class.trim().parse().ok()?, units.trim().parse().ok()?))
            });
            let (class, units) = target.ok_or_else(|| PriceTargetsError(part.to_owned()))?;
            if set.insert(class, units).is_some() {
                return Err(PriceTargetsError(part.to_owned()));
            }
        }
        Ok(PriceTargets { set })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_target_is_refused() {
        for wrong in ["search", "search=", "search=-1", "walk=3", "search=1,search=2", "live=1.5"] {
            assert!(wrong.parse::<PriceTargets>().is_err(), "{wrong}");
        }
        assert_eq!("".parse(), Ok(PriceTargets::default()));
        assert_eq!(" , ".parse(), Ok(PriceTargets::default()));
    }

    #[test]
    fn each_class_has_a_default() {
        let defaults = PriceClass::ALL.map(|class| PriceTargets::default().of(class).get());
        assert_eq!(defaults, [6_000, 600_000, 1_000, 60_000, 600]);
    }
}
