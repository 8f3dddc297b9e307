//! A part as consent is now: without the rows that may not be said any more.

use std::collections::{HashMap, HashSet};

use model::export::{PartFile, PartReading};
use model::{CommunityId, PersonId, ProfileId};
use store::Pg;
use store::pg::{person, profile};
use store::table::TableError;

use crate::ExportError;
use crate::consent::{KnownTopics, ListedPerson, NamingProfiles, listed};
use crate::part::{PartForm, PartWriter, SealedPart, read_part};
use crate::schema::{RowNames, columns};

/// How many people or profiles are asked for at once.
const ASKED: usize = 1_000;

/// The file of a part, and those of its names that are doubted.
pub(crate) struct DoubtedPart<'a> {
    pub(crate) form: PartForm,
    /// What it is now.
    pub(crate) file: &'a PartFile,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The numbers of the profiles that were noted, all in its [`PartFile::held`].
    pub(crate) noted: &'a [u64],
}

/// Whose rows are looked at.
enum Suspects {
    /// Those that name one of these numbers.
    Numbers(HashSet<u64>),
    /// All.
    All,
}

impl Suspects {
    fn are_named(&self, names: &RowNames) -> bool {
        match self {
            Suspects::Numbers(numbers) => names.numbers().any(|number| numbers.contains(&number)),
            Suspects::All => true,
        }
    }
}

/// What consent says now of those that rows name.
struct PresentConsent {
    people: HashMap<PersonId, ListedPerson>,
    profiles: HashSet<ProfileId>,
    topics: KnownTopics,
}

impl DoubtedPart<'_> {
    /// The part as consent is now. `reading` began before the notes were read.
    pub(crate) async fn readmitted(
        &self,
        pg: &Pg,
        reading: &PartReading,
    ) -> Result<SealedPart, ExportError> {
        let suspects = self.suspects(pg).await?;
        let names = self.names(|names| suspects.are_named(names))?;
        let consent = PresentConsent::of(pg, &names).await?;
        let mut writer = PartWriter::new(self.form)?;
        self.each(|names, row| match suspects.are_named(&names) && !consent.admits(&names) {
            true => Ok(()),
            false => writer.row(row),
        })?;
        writer.named_by(self.naming(pg, &consent).await?);
        Ok(writer.seal(reading.clone())?)
    }

    /// Those that name who was noted, or the person that it belongs to. Rows keep no list of the profiles by which they
    /// name a person: if one of the noted is found in none, because it belongs to another person by now, all are.
    async fn suspects(&self, pg: &Pg) -> Result<Suspects, ExportError> {
        let noted: Vec<ProfileId> = self.noted.iter().copied().map(ProfileId::new).collect();
        let people = person::of_profiles(pg, &noted).await?;
        let named = self.names(|_| true)?;
        let named: HashSet<u64> = named.iter().flat_map(RowNames::numbers).collect();
        let pairs = || self.noted.iter().zip(&people).map(|(&noted, of)| [noted, of.number()]);
        let is_found = pairs().all(|pair| pair.iter().any(|number| named.contains(number)));
        let is_known = people.len() == noted.len();
        Ok(match is_found && is_known {
            true => Suspects::Numbers(pairs().flatten().collect()),
            false => Suspects::All,
        })
    }

    /// By which profiles the rows that are left name people: those before, as far as they are listed, and those that
    /// count now. There may be more than there must be.
    async fn naming(
        &self,
        pg: &Pg,
        consent: &PresentConsent,
    ) -> Result<NamingProfiles, ExportError> {
        let noted: Vec<ProfileId> = self.noted.iter().copied().map(ProfileId::new).collect();
        let left = profile::listed(pg, &noted).await?;
        let is_left = |id: &u64| !self.noted.contains(id) || left.contains(&ProfileId::new(*id));
        let mut naming = NamingProfiles {
            listed: self.file.held.iter().filter(is_left).collect(),
            by_bio: self.file.by_bio.iter().filter(is_left).collect(),
        };
        for person in consent.people.values() {
            naming.add(person, !self.file.by_bio.is_empty());
        }
        Ok(naming)
    }

    /// The names of the rows that satisfy a condition.
    fn names(&self, wanted: impl Fn(&RowNames) -> bool) -> Result<Vec<RowNames>, TableError> {
        let mut all = Vec::new();
        self.each(|names, _| {
            if wanted(&names) {
                all.push(names);
            }
            Ok(())
        })?;
        Ok(all)
    }

    fn each(
        &self,
        mut each: impl FnMut(RowNames, &[store::table::CellValue]) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        read_part(self.form, self.bytes.clone(), |row| {
            each(RowNames::of(columns(self.form.what), &row), &row)
        })
    }
}

impl PresentConsent {
    async fn of(pg: &Pg, names: &[RowNames]) -> Result<PresentConsent, ExportError> {
        let people: Vec<PersonId> = each_once(names.iter().flat_map(|one| &one.people));
        let profiles: Vec<ProfileId> = each_once(names.iter().flat_map(|one| &one.profiles));
        let beside = names.iter().filter(|one| !one.people.is_empty());
        let communities: Vec<CommunityId> = each_once(beside.flat_map(|one| &one.communities));
        let mut consent = PresentConsent {
            people: HashMap::new(),
            profiles: HashSet::new(),
            topics: KnownTopics::of(pg, &communities).await?,
        };
        for some in people.chunks(ASKED) {
            consent.people.extend(listed(pg, some).await?);
        }
        for some in profiles.chunks(ASKED) {
            consent.profiles.extend(profile::listed(pg, some).await?);
        }
        Ok(consent)
    }

    /// Whether a row that names these may be said. Beside a community of which nothing is known any more no one may be
    /// named.
    fn admits(&self, names: &RowNames) -> bool {
        let may_be_named = |id| {
            let person = self.people.get(id)?;
            let mut beside = names.communities.iter();
            Some(beside.all(|&community| self.topics.admit(community, person)))
        };
        names.profiles.iter().all(|id| self.profiles.contains(id))
            && names.people.iter().all(|id| may_be_named(id).unwrap_or(false))
    }
}

fn each_once<'a, T: Copy + Ord + 'a>(ids: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.copied().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
