//! The map: near means attending to each other, in worlds that have a truth and in real ones.

use graph::seed::RandomSeed;
use graph::{Csr, Layout};
use model::index::{CommunityIndex, PersonIndex};

use crate::datasets;
use crate::map_world::World;
use crate::worlds::{attention, csr};

/// A point of the plane that a world is planted in.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
}

impl Place {
    fn in_square(random: &mut RandomSeed) -> Place {
        Place { x: random.unit(), y: random.unit() }
    }

    fn distance(self, other: Place) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A world in the plane: communities of 30 to 150 people lie in the unit square, and people attend to those of their
/// own, the nearer the more, and, as often as `mixing` says, to those of others, e times less for each 0.1 of
/// distance.
fn in_plane(communities: usize, mixing: f64) -> Csr {
    const ARCS: usize = 16;
    const REACH: f64 = 0.1;
    const CHOICES: usize = 4;
    let mut random = RandomSeed(17);
    let middles: Vec<Place> = (0..communities).map(|_| Place::in_square(&mut random)).collect();
    let members: Vec<Vec<u32>> = (0..communities)
        .scan(0, |next, _| {
            let first = *next;
            *next += 30 + random.below(120) as u32;
            Some((first..*next).collect())
        })
        .collect();
    let people = members.iter().map(Vec::len).sum();
    let places: Vec<Place> = (0..people).map(|_| Place::in_square(&mut random)).collect();
    let mut arcs = Vec::new();
    for own in 0..communities {
        let weight = |other: usize| match other == own {
            true => 0.0,
            false => {
                members[other].len() as f64 * (-middles[own].distance(middles[other]) / REACH).exp()
            }
        };
        let sums: Vec<f64> = (0..communities)
            .scan(0.0, |sum, other| {
                *sum += weight(other);
                Some(*sum)
            })
            .collect();
        for &person in &members[own] {
            for _ in 0..ARCS {
                let part = random.unit() * sums[communities - 1];
                let elsewhere = sums.partition_point(|&sum| sum <= part);
                let inside = random.unit() >= mixing;
                let others = &members[if inside { own } else { elsewhere }];
                let any =
                    |random: &mut RandomSeed| others[random.below(others.len() as u64) as usize];
                let tries = if inside { CHOICES } else { 1 };
                let choices: Vec<u32> = (0..tries).map(|_| any(&mut random)).collect();
                let far = |other: &u32| places[person as usize].distance(places[*other as usize]);
                let target = *choices.iter().min_by(|a, b| far(a).total_cmp(&far(b))).unwrap();
                if target != person {
                    arcs.push((person, target));
                }
            }
        }
    }
    csr(people, &arcs)
}

/// How much the communities of a level attend to each other, relative to what each attends to at all.
fn ties(world: &World, level: usize) -> Vec<Vec<f64>> {
    let numbers = world.hierarchy.levels[level].numbers();
    let count = world.hierarchy.levels[level].communities as usize;
    let mut given = vec![vec![0f64; count]; count];
    for source in 0..world.attention.arcs.nodes() as u32 {
        for (target, weight) in world.attention.arcs.arcs_of(source) {
            let (a, b) = (numbers[source as usize] as usize, numbers[target as usize] as usize);
            if a != b && a < count && b < count {
                given[a][b] += f64::from(weight);
                given[b][a] += f64::from(weight);
            }
        }
    }
    let all: Vec<f64> = given.iter().map(|row| row.iter().sum::<f64>().max(1e-9)).collect();
    let relative = |a: usize, b: usize| given[a][b] / (all[a] * all[b]).sqrt();
    (0..count).map(|a| (0..count).map(|b| relative(a, b)).collect()).collect()
}

/// What a picture of the communities of a level keeps of their ties.
struct Kept {
    communities: usize,
    /// Spearman's correlation of tie and nearness, over the pairs that are tied.
    correlation: f64,
    /// The share of the five strongest ties of a community that are among its ten nearest.
    neighbours: f64,
    /// The same of places by chance.
    chance: f64,
}

fn kept(ties: &[Vec<f64>], distance: impl Fn(usize, usize) -> f64) -> Kept {
    const STRONGEST: usize = 5;
    const NEAREST: usize = 10;
    let count = ties.len();
    let (mut strengths, mut nearness) = (Vec::new(), Vec::new());
    let (mut found, mut wanted) = (0, 0);
    for (a, of_a) in ties.iter().enumerate() {
        for b in (a + 1..count).filter(|&b| of_a[b] > 0.0) {
            strengths.push(of_a[b]);
            nearness.push(-distance(a, b));
        }
        let mut others: Vec<usize> = (0..count).filter(|&b| b != a).collect();
        others.sort_by(|&b, &c| of_a[c].total_cmp(&of_a[b]));
        let strongest: Vec<usize> = others.iter().copied().take(STRONGEST).collect();
        others.sort_by(|&b, &c| distance(a, b).total_cmp(&distance(a, c)));
        wanted += strongest.len();
        found +=
            strongest.iter().filter(|b| others[..NEAREST.min(others.len())].contains(b)).count();
    }
    Kept {
        communities: count,
        correlation: spearman(&strengths, &nearness),
        neighbours: found as f64 / wanted as f64,
        chance: NEAREST as f64 / (count as f64 - 1.0),
    }
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let moment =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    moment(&a, &b) / (moment(&a, &a) * moment(&b, &b)).sqrt()
}

/// Ranks from 0, those of equal values their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (same.len() as f64 - 1.0) / 2.0;
        same.iter().for_each(|&at| ranks[at] = mean);
        first += same.len();
    }
    ranks
}

/// The part of the mean distance of two strangers at which those that people attend to most lie, in the whole
/// world and among the people of their own community.
pub(crate) fn nearness(world: &World, layout: &Layout) -> [f64; 2] {
    const STRONGEST: usize = 10;
    let finest = world.hierarchy.levels.last().unwrap();
    let people = layout.people.len() as u64;
    let mut random = RandomSeed(3);
    let (mut near, mut inside, mut anywhere, mut count) = (0.0, 0.0, 0.0, 0.0);
    let mut members = vec![Vec::new(); finest.communities as usize];
    for (person, community) in finest.community_of.iter_enumerated() {
        community.get().into_iter().for_each(|own| members[own.index()].push(person));
    }
    for (person, own) in finest.community_of.iter_enumerated() {
        let Some(own) = own.get() else { continue };
        let arcs = world.attention.arcs.arcs_of(person.number());
        let mut arcs: Vec<(u32, f32)> = arcs
            .filter(|arc| finest.community_of[PersonIndex::new(arc.0)].get() == Some(own))
            .collect();
        arcs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let disc = layout.people[person];
        let others = &members[own.index()];
        for (target, _) in arcs.into_iter().take(STRONGEST) {
            near += disc.distance(&layout.people[PersonIndex::new(target)]);
            let other = others[random.below(others.len() as u64) as usize];
            inside += disc.distance(&layout.people[other]);
            let any = PersonIndex::new(random.below(people) as u32);
            anywhere += disc.distance(&layout.people[any]);
            count += 1.0;
        }
    }
    assert!(count > 0.0);
    [near / anywhere, near / inside]
}

/// What the map keeps of each level of at least 20 communities, and what `spectral` does.
fn levels(name: &str, world: &World, layout: &Layout) -> Vec<Kept> {
    let [anywhere, inside] = nearness(world, layout);
    println!(
        "{name}: {} people, {anywhere:.3} of strangers' distance, {inside:.3} of members'",
        layout.people.len()
    );
    let mut all = Vec::new();
    for (level, regions) in layout.regions.iter().enumerate().filter(|level| level.1.len() >= 20) {
        let ties = ties(world, level);
        let disc = |at: usize| regions[CommunityIndex::new(at as u32)];
        let map = kept(&ties, |a, b| disc(a).distance(&disc(b)));
        let axes = spectral(&ties);
        let plain = kept(&ties, |a, b| axes[a].distance(axes[b]));
        println!(
            "  level {level}, {} communities: {:.3} (spectral {:.3}); neighbours {:.2} (spectral {:.2}, chance {:.2})",
            regions.len(),
            map.correlation,
            plain.correlation,
            map.neighbours,
            plain.neighbours,
            map.chance
        );
        all.push(map);
    }
    all
}

/// A baseline: the two leading non-trivial eigenvectors of D^(−1/2) A D^(−1/2), by the power method. Points without
/// size, which overlap, and do not lie in what they belong to.
fn spectral(ties: &[Vec<f64>]) -> Vec<Place> {
    const STEPS: usize = 300;
    let sums: Vec<f64> = ties.iter().map(|row| row.iter().sum::<f64>().max(1e-9)).collect();
    let step = |axis: &[f64]| -> Vec<f64> {
        let own = |a: usize| {
            let drawn = (0..axis.len()).map(|b| ties[a][b] / (sums[a] * sums[b]).sqrt() * axis[b]);
            axis[a] + drawn.sum::<f64>()
        };
        (0..axis.len()).map(own).collect()
    };
    let mut axes: Vec<Vec<f64>> = vec![sums.iter().map(|sum| sum.sqrt()).collect()];
    normalise(&mut axes[0]);
    for seed in 1..3 {
        let mut random = RandomSeed(seed);
        let mut axis: Vec<f64> = sums.iter().map(|_| random.unit() - 0.5).collect();
        for _ in 0..STEPS {
            axis = step(&axis);
            for other in &axes {
                let part: f64 = axis.iter().zip(other).map(|(a, b)| a * b).sum();
                axis.iter_mut().zip(other).for_each(|(a, b)| *a -= part * b);
            }
            normalise(&mut axis);
        }
        axes.push(axis);
    }
    let place = |at: usize| Place { x: axes[1][at] / axes[0][at], y: axes[2][at] / axes[0][at] };
    (0..ties.len()).map(place).collect()
}

fn normalise(axis: &mut [f64]) {
    let length = axis.iter().map(|at| at * at).sum::<f64>().sqrt();
    axis.iter_mut().for_each(|at| *at /= length);
}

#[test]
fn near_means_attending_to_each_other_where_communities_lie_in_a_plane() {
    const PLANTED: usize = 150;
    for mixing in [0.2, 0.4] {
        let world = World::of(attention(in_plane(PLANTED, mixing)), None);
        let layout = world.laid_out();
        let found = levels(&format!("plane, µ {mixing}"), &world, &layout);
        // Parts of what was planted have no truth.
        for level in found.iter().filter(|level| level.communities <= PLANTED) {
            assert!(level.correlation >= 0.6, "{}", level.correlation);
            assert!(level.neighbours > 2.0 * level.chance, "{}", level.neighbours);
        }
        assert!(nearness(&world, &layout)[1] < 0.8);
    }
}

#[test]
fn what_people_attend_to_lies_near_in_real_graphs() {
    for set in ["email-eu", "polblogs", "musae-twitch-en", "nostr-follows"] {
        let Some(arcs) = datasets::attention_of(set) else { continue };
        let world = World::of(arcs, None);
        let layout = world.laid_out();
        for level in levels(set, &world, &layout) {
            assert!(level.neighbours > level.chance, "{}", level.neighbours);
        }
        assert!(nearness(&world, &layout)[1] < 0.95);
    }
}
