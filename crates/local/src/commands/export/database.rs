//! The exports of what the database holds: profiles, arcs, evidence.

use anyhow::Result;
use model::index::{ProfileIndex, RunPerson};
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

pub(super) const PROFILES: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("platform", Kind::Text),
    Column::new("person", Kind::Text),
    Column::new("handle", Kind::Text),
    Column::new("display_name", Kind::Text),
    Column::new("bio", Kind::Text),
    Column::new("url", Kind::Text),
    Column::new("kind", Kind::Text),
    Column::new("followers", Kind::Whole),
    Column::new("following", Kind::Whole),
    Column::new("posts", Kind::Whole),
];
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
    fn text(value: &Option<String>) -> Cell<'_> {
        value.as_deref().map_or(Cell::Null, Cell::Text)
    }
    let whole = |value: Option<u32>| value.map_or(Cell::Null, |value| Cell::Whole(value.into()));
    let (person, platform) = (profile.person.to_string(), profile.id.platform());
    table.row(&[
        text(&profile.native_id),
        platform.map_or(Cell::Null, |platform| Cell::Text(platform.slug())),
        Cell::Text(&person),
        text(&profile.handle),
        text(&profile.display_name),
        text(&profile.bio),
        text(&profile.url),
        Cell::Text(profile.kind.slug()),
        whole(profile.followers),
        whole(profile.following),
        whole(profile.posts),
    ])?;
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
