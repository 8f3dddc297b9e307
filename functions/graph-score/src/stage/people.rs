//! The stage that ranks people in every community of every level.

use graph::{GlobalRank, PeopleInput, Trust, people_stage};
use model::RunId;
use model::port::{Clock, Objects};

use super::standings::Numbering;
use super::{World, evidence, open_hierarchy, people_name, seal_as};
use crate::seal::{key, open};
use crate::{Doors, ScoreError};

/// Ranks level by level; a level that an earlier worker sealed stays as it is.
pub(crate) async fn people<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    run: RunId,
) -> Result<(), ScoreError> {
    let world = World::open(doors, run).await?;
    let hierarchy = open_hierarchy(doors.objects, run).await?;
    let trust: Trust = open(doors.objects, &key(run, "trust")).await?;
    let global: GlobalRank = open(doors.objects, &key(run, "global")).await?;
    let input = PeopleInput {
        attention: &world.attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: &world.snapshot.nodes.kinds,
    };
    let numbering = Numbering::new(&trust, &global);
    for level in 0..hierarchy.levels.len() {
        let (ranked, rows) = tokio::task::block_in_place(|| {
            let ranked = people_stage(&input, level, &world.settings.people);
            let rows = evidence::of_communities(&input, &ranked, &numbering);
            (ranked, rows)
        });
        seal_as(doors.objects, run, &people_name(level), &ranked).await?;
        seal_as(doors.objects, run, &evidence_name(level), &rows).await?;
    }
    let rows = tokio::task::block_in_place(|| {
        evidence::of_world(&input, &numbering, &world.settings.rank)
    });
    seal_as(doors.objects, run, WORLD_EVIDENCE, &rows).await
}

/// The name under which the evidence of a level is sealed.
pub(super) fn evidence_name(level: usize) -> String {
    format!("evidence-{level}")
}

/// The name under which the evidence of the whole world is sealed.
pub(super) const WORLD_EVIDENCE: &str = "evidence-world";
