//! The exports of what the database holds: profiles, arcs, evidence.

use std::sync::LazyLock;

use anyhow::Result;
use model::index::{ProfileIndex, RunPerson};
use model::profile_text::ProfileText;
use store::pg::evidence as stored_evidence;
use store::pg::profile::{self, Profile};
use store::table::{Cell, Column, Kind};

use super::ExportTable;
use crate::commands::served::ServedRun;
use crate::home::BorgHome;
use crate::naming::NodeNames;

/// Rows read at a time.
const PAGE: u32 = 2_000;

/// Blocks of evidence read at a time, of 64 people each.
const BLOCKS: u32 = 50;

pub(super) static PROFILES: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let names = ["node", "platform", "person", "handle"].into_iter();
    let texts = names.chain(profile_texts().map(ProfileText::slug)).chain(["kind"]);
    let counts = ["followers", "following", "posts"].map(|name| Column::new(name, Kind::Whole));
    texts.map(|name| Column::new(name, Kind::Text)).chain(counts).collect()
});
pub(super) const ARCS: &[Column] = &[
    Column::new("src", Kind::Text),
    Column::new("dst", Kind::Text),
    Column::new("layer", Kind::Text),
    Column::new("weight", Kind::Single),
    Column::new("count", Kind::Whole),
    Column::new("last_day", Kind::Text),
];
pub(super) const EVIDENCE: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("score", Kind::Single),
    Column::new("contributor", Kind::Text),
    Column::new("brings", Kind::Single),
];

/// The texts of a row of profiles: not where the picture is.
fn profile_texts() -> impl Iterator<Item = ProfileText> {
    ProfileText::ALL.into_iter().filter(|text| *text != ProfileText::AvatarUrl)
}

/// Every profile.
pub(super) async fn profiles(home: &BorgHome, table: &mut ExportTable) -> Result<()> {
    let mut after = None;
    loop {
        let page = profile::page(&home.pg, after, PAGE).await?;
        for profile in &page {
            profile_row(profile, table)?;
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

fn profile_row(profile: &Profile, table: &mut ExportTable) -> Result<()> {
    fn text(value: Option<&String>) -> Cell<'_> {
        value.map_or(Cell::Null, |value| Cell::Text(value))
    }
    let whole = |value: Option<u32>| value.map_or(Cell::Null, |value| Cell::Whole(value.into()));
    let (person, platform) = (profile.person.to_string(), profile.id.platform());
    let mut cells = vec![
        text(profile.native_id.as_ref()),
        platform.map_or(Cell::Null, |platform| Cell::Text(platform.slug())),
        Cell::Text(&person),
        text(profile.handle.as_ref()),
    ];
    cells.extend(profile_texts().map(|name| text(profile.texts.get(name))));
    cells.push(Cell::Text(profile.kind.slug()));
    cells.extend([profile.followers, profile.following, profile.posts].map(whole));
    table.row(&cells)?;
    Ok(())
}

/// Every arc of the database, once. `borg import` reads this export.
pub(super) async fn arcs(home: &BorgHome, table: &mut ExportTable) -> Result<()> {
    let graph_score::DatabaseGraph { nodes, layers } = graph_score::read_database(&home.pg).await?;
    let names = NodeNames::of(&home.pg, &nodes.profiles).await?;
    for layer in &layers {
        for source in 0..layer.arcs.nodes() as u32 {
            let Some(src) = names.name(ProfileIndex::new(source)) else { continue };
            for arc in layer.arcs.range(source) {
                let target = ProfileIndex::new(layer.arcs.targets()[arc]);
                let Some(dst) = names.name(target) else { continue };
                let weight = layer.arcs.weights().map_or(1.0, |weights| weights[arc]);
                let count = layer.counts.get(arc).copied().unwrap_or(0);
                let last_day = layer.last_days.get(arc).map(ToString::to_string);
                table.row(&[
                    Cell::Text(src),
                    Cell::Text(dst),
                    Cell::Text(layer.layer.slug()),
                    Cell::Single(weight),
                    Cell::Whole(i64::from(count)),
                    last_day.as_deref().map_or(Cell::Null, Cell::Text),
                ])?;
            }
        }
    }
    Ok(())
}

/// The contributors of every score of the served run.
pub(super) async fn evidence(served: &ServedRun<'_>, table: &mut ExportTable) -> Result<()> {
    let profiles = served.sealed.nodes.profiles_of();
    let indexes = served.person_indexes().await?;
    let name = |person: RunPerson| {
        let profiles = &profiles[indexes[person]];
        profiles.iter().find_map(|&profile| served.names.name(profile))
    };
    let mut after = None;
    loop {
        let page = stored_evidence::page(&served.home.pg, served.sealed.run, after, BLOCKS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.community, last.number));
        for block in &page {
            let community = block.community.to_string();
            for (person, evidence) in &block.people {
                let Some(node) = name(*person) else { continue };
                for contributor in &evidence.contributors {
                    table.row(&[
                        Cell::Text(node),
                        Cell::Text(&community),
                        Cell::Single(evidence.score),
                        name(contributor.person).map_or(Cell::Null, Cell::Text),
                        Cell::Single(contributor.contribution(evidence.damping)),
                    ])?;
                }
            }
        }
    }
}
