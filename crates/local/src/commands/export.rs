//! `borg export`: what is known, as a file of the operator's own: of those too whom the API serves to
//! nobody, and with the numbers that it withholds.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use graph::rank::{RandomWalk, RankSettings};
use graph_score::Sealed;
use model::CommunityId;
use model::index::PersonIndex;
use model::platform::HANDLE_BYTES_MAX;
use serde_json::{Value, json};
use store::table::{Cell, Column, Form, Kind, TableWriter, field};
use tempfile::NamedTempFile;

use crate::cli::{Dataset, ExportArgs};
use crate::home::Home;
use crate::naming::Naming;

mod record;

/// The longest field that a name may take: each of its bytes escaped, twice over.
const FIELD_BYTES_MAX: usize = 16 * HANDLE_BYTES_MAX;

type Table = TableWriter<BufWriter<File>>;

/// Writes one dataset; the file appears only when it is whole.
pub(crate) async fn export(home: &Home, args: &ExportArgs) -> Result<Value> {
    let form = Form::of(&args.out)?;
    let shown = args.out.display().to_string();
    let part = part_of(&args.out).with_context(|| format!("create {shown}"))?;
    let file = BufWriter::new(part.reopen()?);
    let mut table = TableWriter::new(form, columns(args.dataset), file)?;
    write(home, args, &mut table).await?;
    let (mut out, rows) = table.finish()?;
    std::io::Write::flush(&mut out)?;
    part.persist(&args.out).with_context(|| format!("write {shown}"))?;
    Ok(json!({ "rows": rows, "file": shown }))
}

/// A file beside `out`, under a short name of its own; it goes unless it becomes `out`.
fn part_of(out: &Path) -> std::io::Result<NamedTempFile> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    // What the umask leaves of it, as with any other file.
    let permissions = Permissions::from_mode(0o666);
    let mut part = tempfile::Builder::new();
    part.prefix(".borg-").suffix(".part").permissions(permissions);
    part.tempfile_in(folder.unwrap_or(Path::new(".")))
}

const COMMUNITIES: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("share", Kind::Single),
];
const MEMBERS: &[Column] = &[
    Column::new("node", Kind::Text),
    Column::new("community", Kind::Text),
    Column::new("level", Kind::Whole),
    Column::new("member", Kind::Flag),
    Column::new("attention", Kind::Single),
    Column::new("score", Kind::Single),
    Column::new("insider", Kind::Single),
    Column::new("rank", Kind::Whole),
    Column::new("rank_person", Kind::Whole),
    Column::new("rank_organisation", Kind::Whole),
    Column::new("low_confidence", Kind::Flag),
    Column::new("support", Kind::Single),
    Column::new("attention_low", Kind::Single),
    Column::new("attention_high", Kind::Single),
];
const RANKS: &[Column] = &[Column::new("node", Kind::Text), Column::new("score", Kind::Single)];
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
            let own = of[PersonIndex::new(person)].get();
            let Some((name, community)) = naming.name(place).zip(own) else { continue };
            let id = sealed.names.levels[level].ids[community.index()].to_string();
            let cells = [Cell::Text(name), Cell::Text(&id), Cell::Whole(level as i64)];
            table.row(&[cells[0], cells[1], cells[2], Cell::Single(1.0)])?;
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
            let community = overlap.communities[at].index();
            let id = sealed.names.levels[leaf].ids[community].to_string();
            let share = Cell::Single(overlap.shares[at]);
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
    let bound = |share: Option<f32>| share.map_or(Cell::Null, Cell::Single);
    for level in levels(sealed, args.level.as_deref())? {
        for community in sealed.people(&home.objects, level).await? {
            let id = sealed.names.levels[level].ids[community.community.index()].to_string();
            for one in &community.people {
                let interval = model::interval(one.share, one.support);
                for &place in &profiles[one.person.index()] {
                    let Some(name) = naming.name(place as usize) else { continue };
                    table.row(&[
                        Cell::Text(name),
                        Cell::Text(&id),
                        Cell::Whole(level as i64),
                        Cell::Flag(one.member),
                        Cell::Single(one.share),
                        Cell::Single(one.score()),
                        Cell::Single(one.insider),
                        whole(one.rank),
                        whole(one.rank_person),
                        whole(one.rank_organisation),
                        Cell::Flag(one.is_low_confidence()),
                        Cell::Single(one.support),
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
            table.row(&[Cell::Text(name), Cell::Single(scores[person as usize])])?;
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
) -> Result<Vec<f32>> {
    match by.split_once(':') {
        None if by == "global" => Ok(sealed.global.shares.raw.clone()),
        None if by == "trust" => Ok(sealed.trust.values.raw.clone()),
        Some((which @ ("attention" | "insider"), community)) => {
            scores_in(home, sealed, community.parse()?, which == "insider").await
        }
        Some(("personal", nodes)) => personal(home, (sealed, naming), nodes).await,
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
    let mut restart = vec![0.0; sealed.nodes.people.len()];
    for place in places_of(nodes, &naming.places())? {
        restart[sealed.nodes.person_of[place] as usize] = 1.0;
    }
    let attention = sealed.attention(&home.objects).await?;
    Ok(RandomWalk::new(&attention.arcs).run(&restart, None, &RankSettings::default()).shares)
}

/// The places of nodes between commas, named as exports do. A name may have commas in it: the longest
/// part of the list that is one is taken.
fn places_of(list: &str, places: &HashMap<&str, usize>) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    let mut rest = Some(list);
    while let Some(list) = rest {
        let ends = list.match_indices(',').map(|(at, _)| at).chain([list.len()]);
        let ends: Vec<usize> = ends.take_while(|&end| end <= FIELD_BYTES_MAX).collect();
        let named = |end: usize| Some((*places.get(&*field::read(&list[..end]))?, end));
        let Some((place, end)) = ends.iter().rev().find_map(|&end| named(end)) else {
            let node = list.split(',').next().unwrap_or_default();
            bail!("`{node}` is not in the run: name nodes as `borg export ranks` does")
        };
        found.push(place);
        rest = list[end..].strip_prefix(',');
    }
    Ok(found)
}

async fn scores_in(
    home: &Home,
    sealed: &Sealed,
    community: CommunityId,
    insider: bool,
) -> Result<Vec<f32>> {
    let mut scores = vec![0.0; sealed.nodes.people.len()];
    let place = sealed.names.levels.iter().enumerate().find_map(|(level, names)| {
        Some((level, names.ids.iter().position(|&id| id == community)?))
    });
    let Some((level, place)) = place else { bail!("there is no community {community} in the run") };
    let communities = sealed.people(&home.objects, level).await?;
    let found = communities.iter().find(|one| one.community.index() == place);
    for one in found.map(|one| one.people.as_slice()).unwrap_or_default() {
        scores[one.person.index()] = if insider { one.insider } else { one.share };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_list_may_have_commas_in_it() {
        let places = HashMap::from([("a", 0), ("b", 1), ("a,b", 2), ("c\td", 3)]);
        let of = |list: &str| places_of(list, &places).map_err(|error| error.to_string());
        assert_eq!(of("b,a"), Ok(vec![1, 0]));
        assert_eq!(of("a,b,b"), Ok(vec![2, 1]));
        assert_eq!(of("b,\"c\\td\",a"), Ok(vec![1, 3, 0]));
        assert!(of("a,x,b").unwrap_err().contains("`x` is not in the run"));
    }
}
