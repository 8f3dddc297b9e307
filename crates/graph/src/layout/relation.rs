//! How much the communities of each level attend to each other.

use model::index::CommunityIndex;
use typed_index_collections::TiSlice;

use crate::communities::{GroupMembers, Hierarchy, Level};
use crate::csr::{Csr, RowBuilder};
use crate::sorting::sort_by_number;

/// What one community gives another.
#[derive(Clone, Copy)]
struct Given {
    to: u32,
    weight: f32,
}

/// By level, the attention between communities, that of both directions added; none within one. Time
/// O(arcs · levels) at most.
pub(super) fn relations(hierarchy: &Hierarchy, arcs: &Csr) -> Vec<Csr> {
    let Some(finest) = hierarchy.levels.last() else { return Vec::new() };
    let mut relations = vec![of_finest(finest, arcs)];
    for at in (1..hierarchy.levels.len()).rev() {
        let above = hierarchy.levels[at - 1].communities as usize;
        let parts = &relations[relations.len() - 1];
        relations.push(of_parents(parts, &hierarchy.levels[at].parents, above));
    }
    relations.reverse();
    relations
}

fn of_finest(finest: &Level, arcs: &Csr) -> Csr {
    let home_of = finest.numbers();
    let count = finest.communities as usize;
    let members = GroupMembers::new(&home_of, count);
    let given = Csr::from_each(count, true, |community, rows| {
        let arcs = members.of(community as usize).iter().flat_map(|&person| arcs.arcs_of(person));
        let given = arcs.map(|(target, weight)| Given { to: home_of[target as usize], weight });
        put_row(rows, given.filter(|given| given.to != community && (given.to as usize) < count));
    });
    given.symmetrise(&given.transpose())
}

fn of_parents(parts: &Csr, parents: &TiSlice<CommunityIndex, CommunityIndex>, above: usize) -> Csr {
    let parent = |part: u32| parents[CommunityIndex::new(part)].number();
    let children = GroupMembers::from_numbers(parents.iter().map(|parent| parent.number()), above);
    Csr::from_each(above, true, |community, rows| {
        let arcs = children.of(community as usize).iter().flat_map(|&part| parts.arcs_of(part));
        let given = arcs.map(|(part, weight)| Given { to: parent(part), weight });
        put_row(rows, given.filter(|given| given.to != community));
    })
}

/// Ends a row with one arc to each target.
fn put_row(rows: &mut RowBuilder, given: impl Iterator<Item = Given>) {
    let mut given: Vec<Given> = given.collect();
    sort_by_number(&mut given, |given| given.to);
    for same in given.chunk_by(|a, b| a.to == b.to) {
        let weight: f64 = same.iter().map(|given| f64::from(given.weight)).sum();
        rows.push(same[0].to, weight.min(f64::from(f32::MAX)) as f32);
    }
}
