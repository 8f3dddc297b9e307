//! The columns of each kind of rows, and the names in a row.

use model::{ChangeKind, CommunityId, ExportSubject, PersonId, ProfileId};
use store::table::{CellValue, Column, Kind};

/// The people of a run.
const PEOPLE: &[Column] = &[
    Column::new("person", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("profiles", Kind::Whole),
    Column::new("attention", Kind::Single),
    Column::new("score", Kind::Whole),
    Column::new("rank", Kind::Whole),
    Column::new("trust", Kind::Single),
];

/// Their profiles.
const PROFILES: &[Column] = &[
    Column::new("profile", Kind::Text),
    Column::new("person", Kind::Text),
    Column::new("platform", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("followers", Kind::Whole),
    Column::new("following", Kind::Whole),
    Column::new("posts", Kind::Whole),
];

/// The communities of a run; without their labels, which are words.
const COMMUNITIES: &[Column] = &[
    Column::new("community", Kind::Text),
    Column::new("parent", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("last_level", Kind::Whole),
    Column::new("members", Kind::Whole),
    Column::new("trust", Kind::Single),
    Column::new("too_little_known", Kind::Flag),
    Column::new("sensitive", Kind::Text),
];

/// Places in communities.
const MEMBERSHIPS: &[Column] = &[
    Column::new("community", Kind::Text),
    Column::new("person", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("member", Kind::Flag),
    Column::new("rank", Kind::Whole),
    Column::new("attention", Kind::Single),
    Column::new("score", Kind::Whole),
    Column::new("insider", Kind::Single),
    Column::new("belonging", Kind::Single),
    Column::new("support", Kind::Single),
    Column::new("low_confidence", Kind::Flag),
];

/// Events of the change stream.
const CHANGES: &[Column] = &[
    Column::new("seq", Kind::Whole),
    Column::new("at", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("profile", Kind::Text),
    Column::new("other_profile", Kind::Text),
    Column::new("fields", Kind::Text),
    Column::new("person", Kind::Text),
    Column::new("run", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("other_community", Kind::Text),
    Column::new("rank_before", Kind::Whole),
    Column::new("rank_after", Kind::Whole),
    Column::new("attention_before", Kind::Single),
    Column::new("attention_after", Kind::Single),
    Column::new("event", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("shared", Kind::Whole),
];

/// The columns of an export.
pub const fn columns(what: ExportSubject) -> &'static [Column] {
    match what {
        ExportSubject::People => PEOPLE,
        ExportSubject::Profiles => PROFILES,
        ExportSubject::Communities => COMMUNITIES,
        ExportSubject::Memberships => MEMBERSHIPS,
        ExportSubject::Changes => CHANGES,
    }
}

/// The people and profiles that a row names, and beside which communities.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RowNames {
    pub(crate) people: Vec<PersonId>,
    pub(crate) profiles: Vec<ProfileId>,
    pub(crate) communities: Vec<CommunityId>,
}

impl RowNames {
    /// Those of a row. An event that says that a profile is gone names no one: it is what tells readers to forget it.
    pub(crate) fn of(columns: &[Column], cells: &[CellValue]) -> RowNames {
        let mut names = RowNames::default();
        for (column, cell) in columns.iter().zip(cells) {
            let CellValue::Text(text) = cell else { continue };
            match column.name {
                "kind" if text == ChangeKind::Gone.slug() => return RowNames::default(),
                "person" => names.people.extend(text.parse::<PersonId>().ok()),
                "profile" | "other_profile" => {
                    names.profiles.extend(text.parse::<ProfileId>().ok());
                }
                "community" | "other_community" => {
                    names.communities.extend(text.parse::<CommunityId>().ok());
                }
                _ => {}
            }
        }
        names
    }

    /// The numbers of the people and profiles.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let people = self.people.iter().map(|id| id.number());
        people.chain(self.profiles.iter().map(|id| id.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_people_and_profiles_and_a_marker_of_the_gone_no_one() {
        let text = |text: &str| CellValue::Text(text.to_owned());
        let row = |kind: &str| {
            let mut cells = vec![CellValue::Null; CHANGES.len()];
            (cells[2], cells[3]) = (text(kind), text("prf_801"));
            (cells[6], cells[8]) = (text("per_802"), text("com_9"));
            cells
        };
        let names = RowNames::of(CHANGES, &row("rank_changed"));
        assert_eq!(names.numbers().collect::<Vec<_>>(), [0x2002, 0x2001]);
        assert_eq!(names.communities, ["com_9".parse().unwrap()]);
        assert_eq!(RowNames::of(CHANGES, &row("gone")), RowNames::default());
        let community = [vec![text("com_9")], vec![CellValue::Null; 7]].concat();
        assert_eq!(RowNames::of(COMMUNITIES, &community).numbers().count(), 0);
    }

    #[test]
    fn no_column_has_words_or_names() {
        let words = ["handle", "native_id", "name", "bio", "labels", "url", "avatar_url"];
        for what in ExportSubject::ALL {
            assert!(columns(*what).iter().all(|column| !words.contains(&column.name)), "{what}");
        }
    }
}
