//! Worlds that are laid out.

use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, Hierarchy, Layout, LayoutInput, PreviousLayout,
    community_stage, layout_stage,
};
use model::index::PersonIndex;
use typed_index_collections::TiVec;

use crate::worlds::attention;

/// People, their communities, and the share of all attention that each gets.
pub(crate) struct World {
    pub(crate) attention: Attention,
    pub(crate) hierarchy: Hierarchy,
    shares: TiVec<PersonIndex, f32>,
}

impl World {
    /// Communities of four to a parent, and 300 people that no one knows.
    pub(crate) fn planted(people: usize, mixing: f64) -> World {
        let spec =
            PlantedSpec { siblings: 4, kept_by_parent: 0.5, ..PlantedSpec::usual(people, mixing) };
        let world = planted(&spec, RandomSeed(1));
        World::of(attention(Csr::from_arcs(people + 300, world.arcs.list()).unwrap().csr), None)
    }

    pub(crate) fn of(attention: Attention, last: Option<&Hierarchy>) -> World {
        let hierarchy = community_stage(&attention, last, &CommunitySettings::default());
        let received = attention.arcs.transpose().strengths();
        let all = received.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let shares = received.iter().map(|received| (received / all) as f32).collect();
        World { attention, hierarchy, shares }
    }

    /// The same people, and those arcs that stay.
    pub(crate) fn without(&self, share: f64) -> World {
        let stays = |source: u32, target: u32| {
            RandomSeed(7).fork(u64::from(source) << 32 | u64::from(target)).unit() >= share
        };
        World::of(self.attention.filter(stays), Some(&self.hierarchy))
    }

    pub(crate) fn input(&self) -> LayoutInput<'_> {
        LayoutInput {
            hierarchy: &self.hierarchy,
            arcs: &self.attention.arcs,
            shares: &self.shares,
            depths: Default::default(),
            previous: None,
        }
    }

    pub(crate) fn laid_out(&self) -> Layout {
        layout_stage(self.input())
    }

    pub(crate) fn near(&self, layout: &Layout) -> Layout {
        let people = layout.people.iter().copied().map(Some).collect();
        let previous = PreviousLayout { unit: layout.unit, people };
        layout_stage(LayoutInput { previous: Some(&previous), ..self.input() })
    }
}
