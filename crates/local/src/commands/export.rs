//! `borg export`: what is served, as a file.

use std::fs::File;
use std::io::BufWriter;

use anyhow::{Context, Result, bail};
use graph::NO_COMMUNITY;
use graph::rank::{RankSettings, Walk};
use graph_score::Sealed;
use model::CommunityId;
use serde_json::{Value, json};
use store::table::{Cell, Column, Form, Kind, TableWriter};

use crate::cli::{Dataset, ExportArgs};
use crate::home::Home;
use crate::naming::Naming;

mod record;

type Table = TableWriter<BufWriter<File>>;

/// Writes one dataset; the file appears only when it is whole.
pub(crate) async fn export(home: &Home, args: &ExportArgs) -> Result<Value> {
    let form = Form::of(&args.out)?;
    let part = args.out.with_added_extension("part");
    let file = File::create(&part).with_context(|| format!("create {}", part.display()))?;
    let mut table = TableWriter::new(form, columns(args.dataset), BufWriter::new(file))?;
    write(home, args, &mut table).await?;
    let (mut out, rows) = table.finish()?;
    std::io::Write::flush(&mut out)?;
    std::fs::rename(&part, &args.out)
        .with_context(|| format!("rename {} to {}", part.display(), args.out.display()))?;
    Ok(json!({ "rows": rows, "file": args.out.display().to_string() }))
}

const COMMUNITIES: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("share", Kind::Real),
];
const MEMBERS: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("member", Kind::Flag),
    Column::new("attention", Kind::Real),
    Column::new("score", Kind::Real),
    Column::new("insider", Kind::Real),
    Column::new("rank", Kind::Whole),
    Column::new("rank_person", Kind::Whole),
    Column::new("rank_organisation", Kind::Whole),
    Column::new("low_confidence", Kind::Flag),
    Column::new("support", Kind::Real),
    Column::new("attention_low", Kind::Real),
    Column::new("attention_high", Kind::Real),
];
const RANKS: &[Column] = &[Column::new("node", Kind::Text), Column::new("score", Kind::Real)];
const LINEAGE: &[Column] = &[
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("event", Kind::Text),
    Column::new("other", Kind::Text),
    Column::new("shared", Kind::Whole),
];

fn columns(dataset: Dataset) -> &'static [Column] {
    match dataset {
        Dataset::Communities => COMMUNITIES,
        Dataset::Members => MEMBERS,
        Dataset::Ranks => RANKS,
        Dataset::Lineage => LINEAGE,
        Dataset::Profiles => record::PROFILES,
        Dataset::Arcs => record::ARCS,
        Dataset::Evidence => record::EVIDENCE,
        Dataset::Changes => record::CHANGES,
    }
}

async fn write(home: &Home, args: &ExportArgs, table: &mut Table) -> Result<()> {
    match args.dataset {
        Dataset::Profiles => return record::profiles(home, table).await,
        Dataset::Arcs => return record::arcs(home, table).await,
        Dataset::Changes => return record::changes(home, table).await,
        _ => {}
    }
    let sealed = Sealed::active(&home.pg, &home.objects).await?;
    let naming = Naming::of(&home.pg, &sealed.nodes.profiles).await?;
    match args.dataset {
        Dataset::Communities if args.overlap => overlap(&sealed, &naming, table),
        Dataset::Communities => communities(&sealed, &naming, args, table),
        Dataset::Members => members(home, &sealed, &naming, args, table).await,
        Dataset::Evidence => record::evidence(home, &sealed, &naming, table).await,
        Dataset::Lineage => lineage(&sealed, table),
        _ => ranks(home, &sealed, &naming, args, table).await,
    }
}

/// The levels that were asked for: all, one, or the leaf.
fn levels(sealed: &Sealed, asked: Option<&str>) -> Result<std::ops::Range<usize>> {
    let count = sealed.hierarchy.levels.len();
    let level = match asked {
        None => return Ok(0..count),
        Some("leaf") => sealed.hierarchy.leaf,
        Some(number) => number.parse().unwrap_or(usize::MAX),
    };
    if level >= count {
        bail!("there is no level `{}`: take leaf, or 0 to {}", asked.unwrap_or(""), count - 1);
    }
    Ok(level..level + 1)
}

fn communities(
    sealed: &Sealed,
    naming: &Naming,
    args: &ExportArgs,
    table: &mut Table,
) -> Result<()> {
    for level in levels(sealed, args.level.as_deref())? {
        let of = &sealed.hierarchy.levels[level].community_of;
        for (place, &person) in sealed.nodes.person_of.iter().enumerate() {
            let community = of[person as usize];
            let Some(name) = naming.name(place).filter(|_| community != NO_COMMUNITY) else {
                continue;
            };
            let id = sealed.names.levels[level].ids[community as usize].to_string();
            let cells = [Cell::Text(name), Cell::Text(&id), Cell::Whole(level as i64)];
            table.row(&[cells[0], cells[1], cells[2], Cell::Real(1.0)])?;
        }
    }
    Ok(())
}

fn overlap(sealed: &Sealed, naming: &Naming, table: &mut Table) -> Result<()> {
    let (overlap, leaf) = (&sealed.hierarchy.overlap, sealed.hierarchy.leaf);
    for (place, &person) in sealed.nodes.person_of.iter().enumerate() {
        let Some(name) = naming.name(place) else { continue };
        let range = overlap.offsets[person as usize]..overlap.offsets[person as usize + 1];
        for at in range.map(|at| at as usize) {
            let community = overlap.communities[at] as usize;
            let id = sealed.names.levels[leaf].ids[community].to_string();
            let share = Cell::Real(f64::from(overlap.shares[at]));
            table.row(&[Cell::Text(name), Cell::Text(&id), Cell::Whole(leaf as i64), share])?;
        }
    }
    Ok(())
}

async fn members(
    home: &Home,
    sealed: &Sealed,
    naming: &Naming,
    args: &ExportArgs,
    table: &mut Table,
) -> Result<()> {
    let profiles = sealed.nodes.profiles_of();
    let whole = |rank: Option<std::num::NonZeroU32>| {
        rank.map_or(Cell::Null, |rank| Cell::Whole(i64::from(rank.get())))
    };
    let bound = |share: Option<f32>| share.map_or(Cell::Null, |share| Cell::Real(share.into()));
    for level in levels(sealed, args.level.as_deref())? {
        for community in sealed.people(&home.objects, level).await? {
            let id = sealed.names.levels[level].ids[community.community as usize].to_string();
            for one in &community.people {
                let interval = model::interval(one.share, one.support);
                for &place in &profiles[one.person as usize] {
                    let Some(name) = naming.name(place as usize) else { continue };
                    table.row(&[
                        Cell::Text(name),
                        Cell::Text(&id),
                        Cell::Whole(level as i64),
                        Cell::Flag(one.member),
                        Cell::Real(f64::from(one.share)),
                        Cell::Real(f64::from(one.score())),
                        Cell::Real(f64::from(one.insider)),
                        whole(one.rank),
                        whole(one.rank_person),
                        whole(one.rank_organisation),
                        Cell::Flag(one.is_low_confidence()),
                        Cell::Real(f64::from(one.support)),
                        bound(interval.map(|interval| interval.low)),
                        bound(interval.map(|interval| interval.high)),
                    ])?;
                }
            }
        }
    }
    Ok(())
}

async fn ranks(
    home: &Home,
    sealed: &Sealed,
    naming: &Naming,
    args: &ExportArgs,
    table: &mut Table,
) -> Result<()> {
    let scores = scores_by(home, (sealed, naming), &args.by).await?;
    for (place, &person) in sealed.nodes.person_of.iter().enumerate() {
        if let Some(name) = naming.name(place) {
            table.row(&[Cell::Text(name), Cell::Real(scores[person as usize])])?;
        }
    }
    Ok(())
}

/// One number for every person: `global`, `trust`, `attention:COM`, `insider:COM` or
/// `personal:NODE,…`.
pub(crate) async fn scores_by(
    home: &Home,
    (sealed, naming): (&Sealed, &Naming),
    by: &str,
) -> Result<Vec<f64>> {
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
    match by.split_once(':') {
        None if by == "global" => Ok(wide(&sealed.global.shares)),
        None if by == "trust" => Ok(wide(&sealed.trust.values)),
        Some((which @ ("attention" | "insider"), community)) => {
            scores_in(home, sealed, community.parse()?, which == "insider").await
        }
        Some(("personal", nodes)) => Ok(wide(&personal(home, (sealed, naming), nodes).await?)),
        _ => bail!(
            "`{by}` is no ranking: take global, trust, attention:COM, insider:COM or personal:NODE"
        ),
    }
}

/// The world as some people see it: the walk that restarts at them. It is walked to the end, since
/// everybody is asked for, not the first hundred.
async fn personal(
    home: &Home,
    (sealed, naming): (&Sealed, &Naming),
    nodes: &str,
) -> Result<Vec<f32>> {
    let places = naming.places();
    let mut restart = vec![0.0; sealed.nodes.people.len()];
    for node in nodes.split(',') {
        let place = places.get(node).with_context(|| {
            format!("`{node}` is not in the run: name nodes as `borg export ranks` does")
        })?;
        restart[sealed.nodes.person_of[*place] as usize] = 1.0;
    }
    let attention = sealed.attention(&home.objects).await?;
    Ok(Walk::new(&attention.arcs).run(&restart, None, &RankSettings::default()).shares)
}

async fn scores_in(
    home: &Home,
    sealed: &Sealed,
    community: CommunityId,
    insider: bool,
) -> Result<Vec<f64>> {
    let mut scores = vec![0.0; sealed.nodes.people.len()];
    let place = sealed.names.levels.iter().enumerate().find_map(|(level, names)| {
        Some((level, names.ids.iter().position(|&id| id == community)?))
    });
    let Some((level, place)) = place else { bail!("there is no community {community} in the run") };
    let communities = sealed.people(&home.objects, level).await?;
    let found = communities.iter().find(|one| one.community as usize == place);
    for one in found.map(|one| one.people.as_slice()).unwrap_or_default() {
        let score = if insider { one.insider } else { one.share };
        scores[one.person as usize] = f64::from(score);
    }
    Ok(scores)
}

fn lineage(sealed: &Sealed, table: &mut Table) -> Result<()> {
    for event in &sealed.names.lineage {
        let community = event.community.to_string();
        let other = event.other.map(|other| other.to_string());
        table.row(&[
            Cell::Text(&community),
            Cell::Whole(i64::from(event.level)),
            Cell::Text(event.event.slug()),
            other.as_deref().map_or(Cell::Null, Cell::Text),
            Cell::Whole(i64::from(event.shared)),
        ])?;
    }
    Ok(())
}
