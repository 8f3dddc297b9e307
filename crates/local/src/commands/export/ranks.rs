//! The export of one number for each node.

use std::collections::HashMap;

use anyhow::{Result, bail};
use graph::rank::{RandomWalk, RankSettings};
use model::CommunityId;
use model::account::HANDLE_BYTES_MAX;
use model::index::{PersonIndex, ProfileIndex};
use store::table::{Cell, Column, Kind, field};
use typed_index_collections::{TiVec, ti_vec};

use super::ExportTable;
use crate::commands::served::ServedRun;

/// The longest field that a name may have: each of its bytes escaped, twice over.
const FIELD_BYTES_MAX: usize = 16 * HANDLE_BYTES_MAX;

pub(super) const RANKS: &[Column] =
    &[Column::new("node", Kind::Text), Column::new("score", Kind::Single)];

/// A score for each node; see [`scores_by`].
pub(super) async fn ranks(served: &ServedRun<'_>, by: &str, table: &mut ExportTable) -> Result<()> {
    let scores = scores_by(served, by).await?;
    for (profile, &person) in served.sealed.nodes.person_of.iter_enumerated() {
        if let Some(name) = served.names.name(profile) {
            table.row(&[Cell::Text(name), Cell::Single(scores[person])])?;
        }
    }
    Ok(())
}

/// One number for each person: `global`, `trust`, `attention:COM`, `insider:COM` or
/// `personal:NODE,…`.
pub(crate) async fn scores_by(served: &ServedRun<'_>, by: &str) -> Result<TiVec<PersonIndex, f32>> {
    match by.split_once(':') {
        None if by == "global" => Ok(served.sealed.global.shares.clone()),
        None if by == "trust" => Ok(served.sealed.trust.values.clone()),
        Some((number @ ("attention" | "insider"), community)) => {
            scores_in(served, community.parse()?, number == "insider").await
        }
        Some(("personal", nodes)) => personal(served, nodes).await,
        _ => bail!(
            "`{by}` is no ranking: take global, trust, attention:COM, insider:COM or personal:NODE"
        ),
    }
}

async fn scores_in(
    served: &ServedRun<'_>,
    community: CommunityId,
    insider: bool,
) -> Result<TiVec<PersonIndex, f32>> {
    let sealed = &served.sealed;
    let mut scores = ti_vec![0.0; sealed.nodes.people.len()];
    let found = sealed.names.levels.iter().enumerate().find_map(|(level, names)| {
        Some((level, names.ids.iter().position(|&id| id == community)?))
    });
    let Some((level, index)) = found else { bail!("there is no community {community} in the run") };
    let communities = sealed.people(&served.home.objects, level).await?;
    let found = communities.iter().find(|one| one.community.index() == index);
    for person in found.map(|one| one.people.as_slice()).unwrap_or_default() {
        scores[person.person] = if insider { person.insider } else { person.share };
    }
    Ok(scores)
}

/// The personal view of some nodes: the random walk that restarts at them. It is computed exactly,
/// since the export has all people, not only the first hundred.
async fn personal(served: &ServedRun<'_>, nodes: &str) -> Result<TiVec<PersonIndex, f32>> {
    let sealed = &served.sealed;
    let mut restart = vec![0.0; sealed.nodes.people.len()];
    for profile in parse_nodes(nodes, &served.names.by_name())? {
        restart[sealed.nodes.person_of[profile].index()] = 1.0;
    }
    let attention = sealed.attention(&served.home.objects).await?;
    let walk = RandomWalk::new(&attention.arcs);
    Ok(walk.run(&restart, None, &RankSettings::default()).shares.into())
}

/// The profile indexes of names between commas, escaped as in exports. A name may contain commas: the
/// longest part of the list that is a name is taken.
fn parse_nodes(list: &str, by_name: &HashMap<&str, ProfileIndex>) -> Result<Vec<ProfileIndex>> {
    let mut found = Vec::new();
    let mut rest = Some(list);
    while let Some(list) = rest {
        let ends = list.match_indices(',').map(|(at, _)| at).chain([list.len()]);
        let ends: Vec<usize> = ends.take_while(|&end| end <= FIELD_BYTES_MAX).collect();
        let named = |end: usize| Some((*by_name.get(&*field::read(&list[..end]))?, end));
        let Some((profile, end)) = ends.iter().rev().find_map(|&end| named(end)) else {
            let node = list.split(',').next().unwrap_or_default();
            bail!("`{node}` is not in the run: name nodes as `borg export ranks` does")
        };
        found.push(profile);
        rest = list[end..].strip_prefix(',');
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_list_may_contain_commas() {
        let names = ["a", "b", "a,b", "c\td"];
        let by_name: HashMap<&str, ProfileIndex> =
            names.into_iter().zip((0..).map(ProfileIndex::new)).collect();
        let of = |list: &str| match parse_nodes(list, &by_name) {
            Ok(found) => Ok(found.into_iter().map(ProfileIndex::number).collect::<Vec<u32>>()),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(of("b,a"), Ok(vec![1, 0]));
        assert_eq!(of("a,b,b"), Ok(vec![2, 1]));
        assert_eq!(of("b,\"c\\td\",a"), Ok(vec![1, 3, 0]));
        assert!(of("a,x,b").unwrap_err().contains("`x` is not in the run"));
    }
}
