//! The attention between people of the generated run, sealed as a scoring does.

use anyhow::Result;
use graph::rank::residue_shares;
use graph::seed::RandomSeed;
use graph::{ArcList, Csr, RankSettings};
use model::index::{PersonIndex, RunPerson};
use model::{PersonId, ProfileId, RunId};
use snapshot::person_rows::{INDEX, PersonRowsInput, RowWriter, part_name};
use snapshot::{ObjectStore, artifact};
use typed_index_collections::TiVec;

use super::generated_community::GeneratedCommunity;
use crate::home::BorgHome;

const SEED: RandomSeed = RandomSeed(8);

/// About how many arcs there are, whatever the number of people, within these bounds for each.
const ARCS: usize = 10_000_000;
const ARCS_OF_PERSON: [usize; 2] = [10, 100];

/// The share of a person's arcs that leave its community.
const MIXING: f64 = 0.3;

/// Seals the rows of a run: people are numbered by community in there. `attention` is a person's share by its
/// number in the run.
pub(super) async fn seal(
    home: &BorgHome,
    run: RunId,
    people: &[ProfileId],
    communities: &[GeneratedCommunity],
    attention: impl Fn(u32) -> f32,
) -> Result<()> {
    let leaves = communities.iter().filter(|one| one.is_leaf());
    // The number in the run of each number in the rows, and back.
    let by_community: Vec<u32> = leaves.clone().flat_map(|leaf| leaf.members.clone()).collect();
    let mut places = vec![0; people.len()];
    (0..).zip(&by_community).for_each(|(place, &number)| places[number as usize] = place);
    let sizes: Vec<usize> = leaves.map(|leaf| leaf.members.len()).collect();
    let arcs = draw(&sizes, &places)?;
    let global: Vec<f32> = by_community.iter().map(|&number| attention(number)).collect();
    let residue_shares = residue_shares(&arcs, &global, &RankSettings::default());
    let unlisted: TiVec<PersonIndex, bool> = by_community.iter().map(|_| false).collect();
    let ids: TiVec<PersonIndex, PersonId> =
        by_community.iter().map(|&number| people[number as usize].home_person()).collect();
    let order: TiVec<RunPerson, PersonIndex> = places.into_iter().map(PersonIndex::new).collect();
    let mut writer = RowWriter::new(PersonRowsInput {
        arcs: &arcs,
        residue_shares: &residue_shares,
        unlisted: &unlisted,
        ids: &ids,
        order: &order,
    });
    let objects = ObjectStore::new(&home.objects);
    while let Some(part) = writer.next_part() {
        artifact::put(objects, &artifact::key(run, &part_name(part.number)), part.body).await?;
    }
    Ok(artifact::seal(objects, &artifact::key(run, INDEX), &writer.finish()).await?)
}

/// Arcs within communities of these sizes, and to those who are known best.
fn draw(sizes: &[usize], places: &[u32]) -> Result<Csr> {
    let people = places.len();
    let [least, most] = ARCS_OF_PERSON;
    let each = (ARCS / people.max(1)).clamp(least, most);
    let (mut sources, mut targets) = (Vec::new(), Vec::new());
    let mut first = 0u64;
    for &size in sizes {
        for person in first..first + size as u64 {
            let mut random = SEED.fork(person);
            for _ in 0..each {
                let target = match random.unit() < MIXING {
                    // The n-th best known person is attended to n times less often than the first.
                    true => {
                        places[((people as f64).powf(random.unit()) as usize - 1).min(people - 1)]
                    }
                    false => (first + random.below(size as u64)) as u32,
                };
                sources.push(person as u32);
                targets.push(target);
            }
        }
        first += size as u64;
    }
    let list = ArcList { sources: &sources, targets: &targets, weights: None };
    let built = Csr::from_arcs(people, list)?.csr;
    // Repeats became weights; equal ones are as good.
    Ok(Csr::from_parts(built.offsets().to_vec(), built.targets().to_vec(), None)?)
}
