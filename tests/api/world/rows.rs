//! Person rows of a run: the attention between people, as a scoring would seal it.
//!
//! Ada attends to Grace and a little to the hermit, Grace to ACME, the hermit to the first Alan, ACME to the bot and
//! the second Alan, and each Alan from the second one on to the next.

use graph::rank::residue_shares;
use graph::{ArcList, Csr, RankSettings};
use model::index::{PersonIndex, RunPerson};
use model::{PersonId, RunId};
use snapshot::person_rows::{INDEX, PersonRowsInput, RowWriter, part_name};
use snapshot::{SharedObjects, artifact};
use typed_index_collections::TiVec;

use super::Api;
use super::pages::ALANS;

/// The number of the first Alan.
pub(crate) const ALAN: u32 = 5;

/// Arcs between numbers of the run, with weights.
fn arcs() -> Vec<(u32, u32, f32)> {
    let mut arcs = vec![
        (0, 1, 3.0),
        (0, 3, 1.0),
        (1, 2, 1.0),
        (3, ALAN, 1.0),
        (2, 4, 1.0),
        (2, ALAN + 1, 1.0),
    ];
    arcs.extend((ALAN + 1..ALAN + ALANS - 1).map(|alan| (alan, alan + 1, 1.0)));
    arcs
}

impl Api {
    /// Seals the rows of a run. People have other numbers in there than in the run: the first is the last.
    pub(crate) async fn seal_rows(&self, run: RunId) {
        let people = self.world.profiles.len() as u32;
        let place = |number: u32| people - 1 - number;
        let sources: Vec<u32> = arcs().iter().map(|arc| place(arc.0)).collect();
        let targets: Vec<u32> = arcs().iter().map(|arc| place(arc.1)).collect();
        let weights: Vec<f32> = arcs().iter().map(|arc| arc.2).collect();
        let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
        let arcs = Csr::from_arcs(people as usize, list).expect("people are in the graph").csr;
        let global = vec![1.0 / people as f32; people as usize];
        let residue_shares = residue_shares(&arcs, &global, &RankSettings::default());
        let order: TiVec<RunPerson, PersonIndex> =
            (0..people).map(|number| PersonIndex::new(place(number))).collect();
        let ids: TiVec<PersonIndex, PersonId> =
            self.world.profiles.iter().rev().map(|id| id.home_person()).collect();
        let unlisted: TiVec<PersonIndex, bool> =
            (0..people).rev().map(|number| number == 3).collect();
        let input = PersonRowsInput {
            arcs: &arcs,
            residue_shares: &residue_shares,
            unlisted: &unlisted,
            ids: &ids,
            order: &order,
        };
        let (mut writer, objects) = (RowWriter::new(input), self.objects.store());
        while let Some(part) = writer.next_part() {
            let key = artifact::key(run, &part_name(part.number));
            artifact::put(objects, &key, part.body).await.expect("a part is sealed");
        }
        let key = artifact::key(run, INDEX);
        artifact::seal(objects, &key, &writer.finish()).await.expect("the index is sealed");
    }
}

/// Objects in a folder that is deleted with it.
pub(super) fn objects() -> (SharedObjects, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let objects = store::objects::Folder::open(folder.path()).expect("it takes objects");
    (SharedObjects::new(objects), folder)
}
