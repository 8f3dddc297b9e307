//! Ranks of earlier runs, of which a third changed in each.

use std::num::NonZeroU32;

use anyhow::Result;
use model::port::Clock as _;
use model::{CommunityId, PersonId, ProfileId, RankStep};
use search::Folding;
use store::pg::history::{self, RunHistory};
use store::pg::publish::RunLoader;
use store::pg::run;

use super::super::generated_community::GeneratedCommunity;
use crate::home::BorgHome;

/// How many earlier runs there are.
const RUNS: u32 = 30;
/// In each of them the rank of one member in as many changed.
const CHANGED_EVERY: u32 = 3;

/// Publishes earlier runs, of which only the history is left.
pub(super) async fn publish(
    home: &BorgHome,
    people: &[ProfileId],
    communities: &[GeneratedCommunity],
) -> Result<()> {
    for number in 0..RUNS {
        let now = home.clock.now();
        let run = run::create(&home.pg, None, now).await?;
        RunLoader::begin(&home.pg, run).await?.finish(Folding::NEWEST.number()).await?;
        let mut steps = Vec::new();
        for one in communities.iter().filter(|one| one.is_leaf()) {
            let members = (1u32..).zip(&one.members);
            let changed =
                members.filter(|(rank, _)| number == 0 || (rank + number) % CHANGED_EVERY == 0);
            let step = |(rank, &member): (u32, &u32)| {
                step(people[member as usize].home_person(), one.id, rank + number)
            };
            steps.extend(changed.map(step));
        }
        steps.sort_unstable_by_key(|step| (step.person, step.community));
        let previous = history::newest(&home.pg).await?;
        let added = RunHistory { run, previous, steps: &steps, changes: &[], events: &[] };
        history::load(&home.pg, &added).await?;
        run::activate(&home.pg, run, now).await?;
    }
    Ok(())
}

fn step(person: PersonId, community: CommunityId, rank: u32) -> RankStep {
    RankStep {
        person,
        community,
        rank: NonZeroU32::new(rank),
        attention: 1.0 / (10.0 + rank as f32),
        support: 20.0,
        is_change: true,
    }
}
