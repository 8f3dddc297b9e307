//! Why a share changed between two runs.

use std::collections::BTreeMap;

/// A contributor's part of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContributorPart<Id> {
    /// The contributor.
    pub person: Id,
    /// Its part.
    pub part: f64,
}

/// How a contributor's part of a share changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartChange<Id> {
    /// The contributor.
    pub person: Id,
    /// Its part before, 0 if it had none.
    pub before: f64,
    /// Its part now, 0 if it has none.
    pub after: f64,
}

/// The contributors whose gains and losses explain the change of a share from the parts `before` to
/// the parts `after`, largest first, at most `count`. A contributor that is not listed had no part.
///
/// ```
/// use graph::evidence::{ContributorPart, PartChange, change_reasons};
///
/// let before = [ContributorPart { person: "ada", part: 0.2 }, ContributorPart { person: "ben", part: 0.1 }];
/// let after = [ContributorPart { person: "ben", part: 0.15 }];
/// let reasons = change_reasons(&before, &after, 1);
/// assert_eq!(reasons, [PartChange { person: "ada", before: 0.2, after: 0.0 }]);
/// ```
pub fn change_reasons<Id: Ord + Copy>(
    before: &[ContributorPart<Id>],
    after: &[ContributorPart<Id>],
    count: usize,
) -> Vec<PartChange<Id>> {
    let mut changes: BTreeMap<Id, PartChange<Id>> = BTreeMap::new();
    let unchanged = |person: Id| PartChange { person, before: 0.0, after: 0.0 };
    for &ContributorPart { person, part } in before {
        changes.entry(person).or_insert(unchanged(person)).before = part;
    }
    for &ContributorPart { person, part } in after {
        changes.entry(person).or_insert(unchanged(person)).after = part;
    }
    let mut reasons: Vec<PartChange<Id>> = changes.into_values().collect();
    reasons.retain(|change| change.before != change.after);
    let size = |change: &PartChange<Id>| (change.after - change.before).abs();
    reasons.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.person.cmp(&b.person)));
    reasons.truncate(count);
    reasons
}
