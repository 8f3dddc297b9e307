//! The worked example of docs/scoring.md: its tables are the results of the library, and of a naive
//! recomputation of the formulas on that page.

use graph::attention::{LayerArcs, attention_stage};
use graph::rank::score;
use graph::{
    CommunityPeople, Csr, GlobalRank, Hierarchy, Level, Overlap, PeopleInput, PeopleSettings,
    RankSettings, Trust, TrustSettings, people_stage, rank_stage, trust_stage,
};
use model::index::{CommunityIndex, PersonIndex};
use model::{Day, Layer};
use typed_index_collections::TiVec;

use crate::worlds::csr;

const NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"];
const GARDENERS: [usize; 5] = [0, 1, 2, 3, 4];
const SEEDS: [u32; 3] = [0, 1, 2];
const FOLLOWS: [(u32, u32); 21] = [
    (0, 1),
    (0, 2),
    (0, 3),
    (1, 0),
    (1, 2),
    (2, 0),
    (2, 1),
    (2, 3),
    (3, 0),
    (3, 2),
    (3, 4),
    (4, 0),
    (4, 1),
    (4, 2),
    (5, 6),
    (5, 7),
    (6, 5),
    (6, 7),
    (7, 0),
    (7, 5),
    (7, 6),
];

/// A number for each person.
type Each = [f64; 8];

/// The cells of the table of docs/scoring.md that follows a heading, without its head.
fn documented(heading: &str) -> Vec<Vec<String>> {
    let page = include_str!("../../../../docs/scoring.md");
    let section = page.split(heading).nth(1).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
    lines.map(cells).collect()
}

fn rank_cell(rank: Option<u32>) -> String {
    rank.map_or_else(|| "none".to_owned(), |rank| rank.to_string())
}

fn global_row(at: usize, [trust, prior, share]: [f64; 3], rank: Option<u32>) -> Vec<String> {
    let name = NAMES[at].to_owned();
    let numbers = [trust, prior, share].map(|number| format!("{number:.3}"));
    let points = format!("{:.0}", score(share as f32));
    [vec![name], numbers.to_vec(), vec![points, rank_cell(rank)]].concat()
}

fn community_row(at: usize, numbers: [f64; 4], rank: Option<u32>) -> Vec<String> {
    let numbers = numbers.map(|number| format!("{number:.3}"));
    [vec![NAMES[at].to_owned()], numbers.to_vec(), vec![rank_cell(rank)]].concat()
}

/// The example by the library.
struct Scored {
    trust: Trust,
    global: GlobalRank,
    gardeners: CommunityPeople,
    farm: CommunityPeople,
}

fn scored() -> Scored {
    let today = Day(20_000);
    let layer = |layer, arcs: Csr, counts: &[u32], days: &[Day]| {
        let (counts, last_days) = (counts.to_vec(), days.to_vec());
        LayerArcs { layer, arcs, counts, last_days }
    };
    let follows = layer(Layer::Follow, csr(8, &FOLLOWS), &[], &[]);
    let replies = layer(Layer::Reply, csr(8, &[(1, 2)]), &[3], &[Day(20_000 - 90)]);
    let attention = attention_stage(8, &[follows, replies], today).unwrap();
    let community_of = [0, 0, 0, 0, 0, 1, 1, 1].map(|own| CommunityIndex::new(own).into());
    let community_of = community_of.to_vec().into();
    let level = Level { resolution: 1.0, community_of, communities: 2, parents: TiVec::new() };
    let overlap = Overlap { offsets: vec![0; 9], ..Overlap::default() };
    let hierarchy = Hierarchy {
        levels: vec![level],
        leaf: 0,
        bits: 0.0,
        fewest: 0.0,
        insides: TiVec::new(),
        overlap,
    };
    let trust = trust_stage(
        &attention,
        &hierarchy,
        &SEEDS.map(PersonIndex::new),
        &TrustSettings::default(),
    );
    let global = rank_stage(&attention, &trust, None, &RankSettings::default());
    let (attention, hierarchy, kinds) = (&attention, &hierarchy, Default::default());
    let input = PeopleInput { attention, hierarchy, trust: &trust, global: &global, kinds };
    let mut tables = people_stage(&input, 0, &PeopleSettings::default()).into_iter();
    let (gardeners, farm) = (tables.next().unwrap(), tables.next().unwrap());
    Scored { trust, global, gardeners, farm }
}

/// The example by hand: every formula as on the page, over a full matrix of weights.
struct Naive {
    weights: [Each; 8],
    trust: Each,
    noise: f64,
    prior: Each,
    global: Each,
}

impl Naive {
    fn new() -> Naive {
        let mut weights = [[0.0; 8]; 8];
        FOLLOWS.iter().for_each(|&(from, to)| weights[from as usize][to as usize] = 1.0);
        weights[1][2] += 4f64.ln() * 0.5;
        let zero = [0.0; 8];
        let mut naive = Naive { weights, trust: zero, noise: 0.0, prior: zero, global: zero };
        naive.trust = naive.trust_values();
        let mut known: Vec<f64> = naive.trust.into_iter().filter(|&trust| trust > 0.2).collect();
        known.sort_by(f64::total_cmp);
        naive.noise = (known[known.len() / 2] / 2.0).max(0.2);
        naive.prior = shares(naive.trust.map(|trust| (trust - 0.2).max(0.0)));
        naive.global = naive.prior;
        for _ in 0..500 {
            let sent = naive.receive(&naive.global);
            naive.global = each(|at| 0.85 * sent[at] + 0.15 * naive.prior[at]);
        }
        naive
    }

    /// w_uv / W_u.
    fn share(&self, from: usize, to: usize) -> f64 {
        self.weights[from][to] / self.weights[from].iter().sum::<f64>()
    }

    /// What each person receives if all pass on what they have.
    fn receive(&self, mass: &Each) -> Each {
        each(|to| (0..8).map(|from| mass[from] * self.share(from, to)).sum())
    }

    fn trust_values(&self) -> Each {
        let (mut credibility, mut vouch) = ([1.0; 8], [0.0; 8]);
        let mut received = [f64::INFINITY; 8];
        for unreached in [0.1, 0.01, 0.001, 0.0001] {
            let pass = seeded(credibility.map(|credibility| credibility * credibility));
            let reach = self.reach(&pass, unreached);
            let budget = each(|at| (3.0 * received[at] / self.given(at)).min(1.0));
            vouch = seeded(each(|at| reach[at] * pass[at] * budget[at]));
            let known = each(|at| self.all_received(at) / (self.all_received(at) + 3.0));
            let doubt = each(|at| (1.0 - vouch[at]) * known[at]);
            let quality = self.quality(&credibility);
            credibility = each(|at| {
                (quality[at] * self.part(at, [&vouch, &doubt], [1.0, 2.0, 1.0])).min(1.0)
            });
            received = each(|at| self.received(at, &vouch));
        }
        let doubt = credibility.map(|credibility| 1.0 - credibility);
        let quality = self.quality(&credibility);
        each(|at| quality[at] * self.part(at, [&vouch, &doubt], [0.5, 1.0, 0.2]))
    }

    /// In units of an average arc.
    fn given(&self, at: usize) -> f64 {
        self.weights[at].iter().sum::<f64>() * self.unit()
    }

    fn all_received(&self, to: usize) -> f64 {
        self.received(to, &[1.0; 8])
    }

    fn received(&self, to: usize, by: &Each) -> f64 {
        (0..8).map(|at| self.weights[at][to] * self.unit() * by[at]).sum()
    }

    fn unit(&self) -> f64 {
        FOLLOWS.len() as f64 / self.weights.iter().flatten().sum::<f64>()
    }

    fn quality(&self, credibility: &Each) -> Each {
        let full = credibility.map(|credibility| (credibility / 0.75).min(1.0));
        each(|from| (0..8).map(|to| self.share(from, to) * full[to]).sum())
    }

    /// The evidence for a person against all evidence.
    fn part(&self, to: usize, weights: [&Each; 2], [against, most, stranger]: [f64; 3]) -> f64 {
        let [vouched, doubted] = weights.map(|by| self.received(to, by));
        let doubted = doubted.min(against * vouched + 64.0 / (1.0 + vouched));
        (most * vouched + 3.0 * stranger) / (vouched + doubted + 3.0)
    }

    /// Mass received in four steps for each unit of attention received or given, against the typical.
    fn reach(&self, passes: &Each, unreached: f64) -> Each {
        let mut mass = each(|at| if SEEDS.contains(&(at as u32)) { 1.0 / 3.0 } else { 0.0 });
        let mut total = [0.0; 8];
        for _ in 0..4 {
            mass = self.receive(&each(|at| mass[at] * passes[at]));
            total = each(|at| total[at] + mass[at]);
        }
        let ratio = each(|at| total[at] / self.all_received(at).max(self.given(at)));
        let mut order: Vec<usize> = (0..8).collect();
        order.sort_by(|&a, &b| ratio[a].total_cmp(&ratio[b]));
        let mut rest = unreached * total.iter().sum::<f64>();
        let typical = order.into_iter().find(|&at| {
            rest -= total[at];
            rest <= 0.0
        });
        ratio.map(|own| (own / ratio[typical.unwrap()]).min(1.0))
    }

    /// Share, mass, support and insider score of each person among the gardeners.
    fn gardeners(&self) -> [[f64; 4]; 8] {
        let member = |at: usize| GARDENERS.contains(&at);
        let restart = shares(each(|at| if member(at) { self.prior[at] } else { 0.0 }));
        let mut mass = restart;
        for _ in 0..500 {
            let sent = self.receive(&mass);
            mass = each(|at| if member(at) { 0.85 * sent[at] + 0.15 * restart[at] } else { 0.0 });
        }
        let share = shares(self.receive(&mass));
        let mean = GARDENERS.iter().map(|&at| share[at]).sum::<f64>() / 5.0;
        let part = |from, to: usize| self.share(from, to) * share[to] / (share[to] + mean);
        let focus = |from: usize| GARDENERS.iter().map(|&to| part(from, to)).sum::<f64>();
        let half = GARDENERS.iter().map(|&at| focus(at)).sum::<f64>() / 10.0;
        let own = each(|at| if member(at) && focus(at) >= half { 1.0 } else { 0.0 });
        std::array::from_fn(|to| {
            let support = effective(each(|from| mass[from] * self.share(from, to)));
            [share[to], mass[to], support, self.insider(to, &own)]
        })
    }

    fn insider(&self, to: usize, own: &Each) -> f64 {
        let terms = each(|from| self.global[from] * self.share(from, to));
        let owned: f64 = (0..8).map(|from| own[from] * terms[from]).sum();
        let (p, n, z) = (owned / terms.iter().sum::<f64>(), effective(terms), 1.645);
        let middle = p + z * z / (2.0 * n);
        let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        ((middle - spread) / (1.0 + z * z / n)).max(0.0)
    }
}

fn each(of: impl Fn(usize) -> f64) -> Each {
    std::array::from_fn(of)
}

/// Seeds are 1.
fn seeded(values: Each) -> Each {
    each(|at| if SEEDS.contains(&(at as u32)) { 1.0 } else { values[at] })
}

fn shares(parts: Each) -> Each {
    parts.map(|part| part / parts.iter().sum::<f64>())
}

/// (Σx)² / Σx².
fn effective(terms: Each) -> f64 {
    let squares: f64 = terms.iter().map(|term| term * term).sum();
    if squares > 0.0 { terms.iter().sum::<f64>().powi(2) / squares } else { 0.0 }
}

/// Places by falling value of those that `served` holds for.
fn places(values: &Each, served: impl Fn(usize) -> bool) -> [Option<u32>; 8] {
    let above = |at: usize| (0..8).filter(|&by| served(by) && values[by] > values[at]).count();
    std::array::from_fn(|at| served(at).then(|| above(at) as u32 + 1))
}

#[test]
fn trust_and_the_global_rank_are_as_documented() {
    let (scored, naive) = (scored(), Naive::new());
    let documented = documented("### Trust and global rank");
    let library = (0..8).map(|at| {
        let numbers =
            [scored.trust.values.raw[at], scored.trust.prior.raw[at], scored.global.shares.raw[at]];
        global_row(at, numbers.map(f64::from), scored.global.ranks.raw[at].map(|rank| rank.get()))
    });
    assert_eq!(library.collect::<Vec<_>>(), documented);
    let ranks = places(&naive.global, |at| naive.trust[at] >= naive.noise);
    let by_hand = (0..8).map(|at| {
        let numbers = [naive.trust[at], naive.prior[at], naive.global[at]];
        global_row(at, numbers, ranks[at])
    });
    assert_eq!(by_hand.collect::<Vec<_>>(), documented);
    assert_eq!(format!("{:.3} {:.3}", scored.trust.noise, naive.noise), "0.297 0.297");
}

#[test]
fn attention_among_the_gardeners_is_as_documented() {
    let (scored, naive) = (scored(), Naive::new());
    let documented = documented("### Among the gardeners");
    let library = scored.gardeners.people.iter().map(|person| {
        let numbers = [person.share, person.mass, person.support, person.insider];
        let rank = person.rank.map(|rank| rank.get());
        community_row(person.person.index(), numbers.map(f64::from), rank)
    });
    assert_eq!(library.collect::<Vec<_>>(), documented);
    let numbers = naive.gardeners();
    let share = numbers.map(|numbers| numbers[0]);
    let enough = |at: usize| share[at] >= 2.0 / 14.0 && numbers[at][2] >= 1.5;
    let ranks = places(&share, |at| enough(at) && naive.trust[at] >= naive.noise);
    let mut receivers: Vec<usize> = (0..8).filter(|&at| share[at] > 0.0).collect();
    receivers.sort_by(|&a, &b| share[b].total_cmp(&share[a]));
    let by_hand = receivers.into_iter().map(|at| community_row(at, numbers[at], ranks[at]));
    assert_eq!(by_hand.collect::<Vec<_>>(), documented);
    assert_eq!(format!("{:.3}", scored.gardeners.noise), "0.143");
}

#[test]
fn the_farm_of_the_worked_example_has_low_trust() {
    let scored = scored();
    assert!(!scored.gardeners.low_trust && scored.farm.low_trust);
    assert_eq!(format!("{:.3} {:.3}", scored.gardeners.trust, scored.farm.trust), "0.563 0.177");
    assert!(scored.farm.people.iter().all(|person| person.rank.is_none()));
}
