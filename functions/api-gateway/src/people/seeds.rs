//! The people that a view starts from, as a request names them.

use std::collections::HashMap;

use model::index::{PersonIndex, RunPerson};
use model::{Account, PersonId, RunId};
use serde::Deserialize;
use store::Pg;
use store::pg::{person, profile, score};

use super::{ListedPerson, load_by_id};
use crate::error::{Problem, ProblemCode};
use crate::person_rows::RunRows;

/// The most seeds of a view.
pub(super) const SEEDS_MAX: usize = 50;

/// 1 to [`SEEDS_MAX`] people, separated by commas.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct SeedList(Vec<SeedName>);

/// A person as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SeedName {
    Person(PersonId),
    Account(Account),
}

impl TryFrom<String> for SeedList {
    type Error = String;

    fn try_from(text: String) -> Result<SeedList, String> {
        let names: Vec<&str> = text.split(',').filter(|name| !name.is_empty()).collect();
        if names.is_empty() || names.len() > SEEDS_MAX {
            return Err(format!("must be 1 to {SEEDS_MAX} people, not {}", names.len()));
        }
        let name = |name: &&str| match name.parse() {
            Ok(id) => Ok(SeedName::Person(id)),
            Err(_) if name.contains(':') => {
                name.parse().map(SeedName::Account).map_err(|error| format!("{error}"))
            }
            Err(_) => {
                Err(format!("`{name}` is neither an id such as per_2000000001 nor platform:handle"))
            }
        };
        names.iter().map(name).collect::<Result<_, _>>().map(SeedList)
    }
}

impl SeedList {
    /// The people, each once; a problem if one is unknown or not listed. Each is named as the request named it.
    pub(super) async fn people(&self, pg: &Pg) -> Result<Vec<SeedPerson>, Problem> {
        let of_accounts = self.of_accounts(pg).await?;
        let id = |seed: &SeedName| match seed {
            SeedName::Person(id) => Some(*id),
            SeedName::Account(account) => of_accounts.get(account).copied(),
        };
        let ids: Vec<Option<PersonId>> = self.0.iter().map(id).collect();
        let listed = load_by_id(pg, &ids.iter().copied().flatten().collect::<Vec<_>>()).await?;
        let mut people: Vec<SeedPerson> = Vec::new();
        for (seed, id) in self.0.iter().zip(ids) {
            let person = id.and_then(|id| listed.get(&id)).ok_or_else(|| seed.unknown())?;
            let person = SeedPerson::new(person, seed);
            if people.iter().all(|other| other.id != person.id) {
                people.push(person);
            }
        }
        Ok(people)
    }

    /// The persons of those accounts that are listed.
    async fn of_accounts(&self, pg: &Pg) -> Result<HashMap<Account, PersonId>, Problem> {
        let accounts = self.0.iter().filter_map(|seed| match seed {
            SeedName::Account(account) => Some(account.clone()),
            SeedName::Person(_) => None,
        });
        let accounts: Vec<Account> = accounts.collect();
        let found = profile::find(pg, &accounts).await?;
        let known: Vec<_> = found.iter().copied().flatten().collect();
        let listed = profile::listed(pg, &known).await?;
        let found = accounts.into_iter().zip(found);
        let found = found.filter_map(|(account, id)| Some((account, id?)));
        let (accounts, ids): (Vec<Account>, Vec<_>) =
            found.filter(|(_, id)| listed.contains(id)).unzip();
        let people = person::of_profiles(pg, &ids).await?;
        Ok(accounts.into_iter().zip(people).collect())
    }
}

impl SeedName {
    fn unknown(&self) -> Problem {
        let why = "or it does not want to be found: /v1/search finds the others";
        match self {
            SeedName::Person(id) => {
                Problem::new(ProblemCode::PersonUnknown, format!("there is no person {id}, {why}"))
            }
            SeedName::Account(account) => {
                let why = format!("{account} is not in the index, {why}");
                Problem::new(ProblemCode::AccountUnknown, why)
            }
        }
    }
}

/// A listed person of a request.
#[derive(Debug)]
pub(super) struct SeedPerson {
    /// Who it is by now.
    pub(super) id: PersonId,
    /// Who it was in runs before a merge.
    before: PersonId,
    /// How the request named it.
    name: String,
}

impl SeedPerson {
    fn new(person: &ListedPerson, name: &SeedName) -> SeedPerson {
        let name = match name {
            SeedName::Person(id) => id.to_string(),
            SeedName::Account(account) => account.to_string(),
        };
        SeedPerson { id: person.merged_into.unwrap_or(person.id), before: person.id, name }
    }

    /// A person that a request named by its id.
    pub(super) fn of_id(person: &ListedPerson) -> SeedPerson {
        SeedPerson::new(person, &SeedName::Person(person.id))
    }

    /// The numbers of these people in the rows of a run; a problem if one is not in it.
    pub(super) async fn places(
        people: &[SeedPerson],
        pg: &Pg,
        run: RunId,
        rows: &mut RunRows<'_>,
    ) -> Result<Vec<PersonIndex>, Problem> {
        let ids: Vec<PersonId> = people.iter().flat_map(|one| [one.id, one.before]).collect();
        let numbers = score::numbers(pg, run, &ids).await?;
        let number = |(person, numbers): (&SeedPerson, &[Option<RunPerson>])| {
            let unscored = || {
                let why = "is not in it: it was found later, and will be in the next one";
                let why = format!("{run} has no such view: {} {why}", person.name);
                Problem::new(ProblemCode::ViewUnavailable, why)
            };
            numbers.iter().copied().flatten().next().ok_or_else(unscored)
        };
        let numbers: Vec<RunPerson> =
            people.iter().zip(numbers.chunks(2)).map(number).collect::<Result<_, _>>()?;
        rows.places(&numbers).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ids_or_accounts() {
        let seeds = |text: &str| SeedList::try_from(text.to_owned());
        let found = seeds("per_2000000001,bluesky:Ada.example.org,").unwrap();
        let account: Account = "bluesky:ada.example.org".parse().unwrap();
        assert_eq!(
            found.0,
            [SeedName::Person("per_2000000001".parse().unwrap()), SeedName::Account(account)]
        );
        for (text, said) in [
            ("", "1 to 50"),
            (&"per_1,".repeat(51), "not 51"),
            ("ada", "platform:handle"),
            ("prf_1", "platform:handle"),
            ("myspace:tom", "myspace"),
        ] {
            let refused = seeds(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
