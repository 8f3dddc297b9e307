//! The people of a run, and their profiles, by the run's numbers.

use model::export::ExportPlace;
use model::{PersonId, PersonKind, Platform, RunId};
use store::Pg;
use store::pg::profile::Profile;
use store::pg::score::{self, PersonScore};
use store::table::CellValue;

use super::{
    RowStep, STEP, optional_share, optional_text, optional_whole, rank, share, text, whole,
};
use crate::ExportError;
use crate::consent::{ListedPerson, NamingProfiles, listed};

/// The people from a number on.
pub(super) async fn step(pg: &Pg, run: RunId, place: ExportPlace) -> Result<RowStep, ExportError> {
    let row = |score: &PersonScore, person: &ListedPerson| vec![person_row(score, person)];
    walk(pg, run, place, row).await
}

/// The profiles of the people from a number on.
pub(super) async fn profiles(
    pg: &Pg,
    run: RunId,
    platform: Option<Platform>,
    place: ExportPlace,
) -> Result<RowStep, ExportError> {
    let is_wanted =
        |profile: &&Profile| platform.is_none_or(|one| profile.id.platform() == Some(one));
    let rows = |_: &PersonScore, person: &ListedPerson| {
        person.profiles.iter().filter(is_wanted).map(profile_row).collect()
    };
    walk(pg, run, place, rows).await
}

/// Of the people from a number on those who are listed, with what rows they have.
async fn walk(
    pg: &Pg,
    run: RunId,
    place: ExportPlace,
    rows_of: impl Fn(&PersonScore, &ListedPerson) -> Vec<Vec<CellValue>>,
) -> Result<RowStep, ExportError> {
    let first = u32::try_from(place.row).unwrap_or(u32::MAX);
    let scores = score::page(pg, run, first, STEP).await?;
    let ids: Vec<PersonId> =
        scores.iter().filter(|score| !score.unlisted).map(|score| score.person).collect();
    let listed = listed(pg, &ids).await?;
    let (mut rows, mut names) = (Vec::new(), NamingProfiles::default());
    for score in &scores {
        let Some(person) = listed.get(&score.person) else { continue };
        let of_person = rows_of(score, person);
        if !of_person.is_empty() {
            names.add(person, false);
        }
        rows.extend(of_person);
    }
    let is_last = scores.len() < STEP as usize;
    let next = ExportPlace { row: place.row + scores.len() as u64, ..place };
    Ok(RowStep { rows, names, next: (!is_last).then_some(next) })
}

fn person_row(score: &PersonScore, person: &ListedPerson) -> Vec<CellValue> {
    let kinds = person.profiles.iter().map(|profile| profile.kind);
    let kind: PersonKind = kinds.max().unwrap_or_default();
    vec![
        text(score.person),
        text(kind.slug()),
        whole(person.profiles.len() as u32),
        share(score.attention),
        whole(score.score),
        rank(score.rank),
        optional_share(score.known_trust()),
    ]
}

fn profile_row(profile: &Profile) -> Vec<CellValue> {
    vec![
        text(profile.id),
        text(profile.person),
        optional_text(profile.id.platform()),
        text(profile.kind.slug()),
        optional_whole(profile.followers),
        optional_whole(profile.following),
        optional_whole(profile.posts),
    ]
}
