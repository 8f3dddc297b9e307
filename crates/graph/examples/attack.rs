//! Prints the cost of attacks: what fakes get for a number of arcs bought from honest people, in each
//! form of attack, beside SybilRank, personalised PageRank and PageRank on the same graph.
//!
//! Arguments: names of forms (`dense`, `star` …); all of them without. Where trust has no given
//! seeds it starts from the communities' cores; `given` as an argument gives 50 random honest
//! people instead. The world is planted from seed 11, farms from seed 5.
//!
//! Columns: `any` is the share of fakes with a rank anywhere, globally or in a community of any
//! level; `100` and `1k` are the fakes in the first places of the global rank, `c100` and `c1k` in
//! those of any community; `auc` is over people who have an honest follower (`-` without fakes
//! among them). The baselines have no noise level, so all people have a rank.

use std::collections::BTreeSet;

use graph::generate::{AttackForm, DrawnArcs, PlantedSpec, SybilAttack, add_attack, planted};
use graph::rank::{RandomWalk, RankSettings};
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, CsrError, PeopleInput, PeopleSettings, TrustSettings,
    community_stage, eval, people_stage, rank_stage, trust_stage,
};
use model::index::PersonIndex;

const HONEST: usize = 3_000;
const SIZES: [usize; 4] = [100, 1_000, HONEST, 2 * HONEST];
const PRICES: [f64; 6] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

fn main() -> Result<(), CsrError> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let given = named.iter().any(|name| name == "given");
    let name = |form: &AttackForm| format!("{form:?}").to_lowercase();
    let forms = named.iter().filter(|name| *name != "given").count();
    let world = planted(&spec(), RandomSeed(11)).arcs;
    println!(
        "{:38} {:^29} {:^29} {:^29}",
        "PeopleRank", "SybilRank", "personal PageRank", "PageRank"
    );
    for form in AttackForm::ALL.iter().filter(|form| forms == 0 || named.contains(&name(form))) {
        for fakes in SIZES {
            println!("{}, {fakes} fakes among {HONEST} honest people", name(form));
            println!(
                "{:>5} {:>5} {:>4} {:>4} {:>4} {:>4} {:>6}{}",
                "price",
                "any",
                "100",
                "1k",
                "c100",
                "c1k",
                "auc",
                format!("   | {:>6} {:>4} {:>4}", "auc", "100", "1k").repeat(3)
            );
            for price in PRICES {
                let bought = (price * fakes as f64).round() as usize;
                row(&world, &SybilAttack { form: *form, fakes, bought }, given, price)?;
            }
        }
    }
    Ok(())
}

/// The world of the tests: 3,000 people in communities of 40 to 200, three to a parent.
fn spec() -> PlantedSpec {
    PlantedSpec {
        nodes: HONEST,
        mean_degree: 24.0,
        degree_max: 200.0,
        degree_exponent: 2.3,
        size_min: 40,
        size_max: 200,
        size_exponent: 1.5,
        mixing: 0.3,
        siblings: 3,
        kept_by_parent: 0.4,
        overlapping: 0.0,
    }
}

fn row(world: &DrawnArcs, attack: &SybilAttack, given: bool, price: f64) -> Result<(), CsrError> {
    let mut arcs = world.clone();
    add_attack(&mut arcs, HONEST, attack, RandomSeed(5));
    let arcs = Csr::from_arcs(HONEST + attack.fakes, arcs.list())?.csr;
    let attention = Attention::of(arcs);
    let seeds: Vec<u32> = RandomSeed(3).order(HONEST)[..if given { 50 } else { 0 }].to_vec();
    let given: Vec<PersonIndex> = seeds.into_iter().map(PersonIndex::new).collect();
    let (ours, seeds) = ours(&attention, &given);
    let theirs: String = [
        sybil_rank(&attention.arcs, &seeds),
        page_rank(&attention.arcs, &seeds),
        page_rank(&attention.arcs, &[]),
    ]
    .iter()
    .map(|scores| {
        let [first, more] = [100, 1_000].map(|count| fakes_in_top(scores, count));
        format!("   | {} {first:>4} {more:>4}", auc(&attention.arcs, scores))
    })
    .collect();
    println!("{price:>5} {ours}{theirs}");
    Ok(())
}

/// What fakes get from PeopleRank, and the seeds that trust started from.
fn ours(attention: &Attention, given: &[PersonIndex]) -> (String, Vec<PersonIndex>) {
    let hierarchy = community_stage(attention, None, &CommunitySettings::default());
    let trust = trust_stage(attention, &hierarchy, given, &TrustSettings::default());
    let global = rank_stage(attention, &trust, None, &RankSettings::default());
    let (kinds, fakes) = (Default::default(), HONEST as u32..);
    let input =
        PeopleInput { attention, hierarchy: &hierarchy, trust: &trust, global: &global, kinds };
    let ranked =
        global.ranks.iter().zip(0u32..).filter_map(|(rank, at)| Some((at, (*rank)?.get())));
    let ranked: Vec<(u32, u32)> = ranked.filter(|at| fakes.contains(&at.0)).collect();
    let levels = 0..hierarchy.levels.len();
    let tables = levels.flat_map(|at| people_stage(&input, at, &PeopleSettings::default()));
    let within: Vec<(u32, u32)> = tables
        .flat_map(|table| table.people)
        .filter_map(|person| Some((person.person.number(), person.rank?.get())))
        .filter(|at| fakes.contains(&at.0))
        .collect();
    let any: BTreeSet<u32> = ranked.iter().chain(&within).map(|at| at.0).collect();
    let first = |ranks: &[(u32, u32)], count| {
        let people = ranks.iter().filter(|at| at.1 <= count).map(|at| at.0);
        people.collect::<BTreeSet<u32>>().len()
    };
    let share = 100.0 * any.len() as f64 / (trust.values.len() - HONEST) as f64;
    let places = [&ranked, &within].map(|ranks| [100, 1_000].map(|count| first(ranks, count)));
    let [[g100, g1k], [c100, c1k]] = places;
    let values: Vec<f64> = trust.values.iter().map(|&value| f64::from(value)).collect();
    let auc = auc(&attention.arcs, &values);
    (format!("{share:>4.0}% {g100:>4} {g1k:>4} {c100:>4} {c1k:>4} {auc}"), trust.seeds.concat())
}

/// AUC of honest above fake, of those that an honest person attends to.
fn auc(arcs: &Csr, scores: &[f64]) -> String {
    let attended: BTreeSet<u32> =
        (0..HONEST as u32).flat_map(|person| arcs.row(person)).copied().collect();
    let values: Vec<f64> = attended.iter().map(|&person| scores[person as usize]).collect();
    let honest: Vec<bool> = attended.iter().map(|&person| person < HONEST as u32).collect();
    let auc = eval::auc(&values, &honest);
    auc.map_or_else(|| format!("{:>6}", "-"), |auc| format!("{auc:>6.3}"))
}

fn fakes_in_top(scores: &[f64], count: usize) -> usize {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order[..count.min(order.len())].iter().filter(|&&person| person >= HONEST).count()
}

/// SybilRank (Cao et al. 2012): mass from the seeds along arcs in both directions, ended after log₂ n
/// steps, by degree.
fn sybil_rank(arcs: &Csr, seeds: &[PersonIndex]) -> Vec<f64> {
    let both = arcs.symmetrise(&arcs.transpose());
    let degrees = both.strengths();
    let mut mass = vec![0.0; both.nodes()];
    seeds.iter().for_each(|&seed| mass[seed.index()] = 1.0);
    for _ in 0..both.nodes().ilog2() + 1 {
        let receive = |person: u32| -> f64 {
            let arcs = both.arcs_of(person);
            arcs.map(|(from, weight)| {
                mass[from as usize] * f64::from(weight) / degrees[from as usize]
            })
            .sum()
        };
        mass = (0..both.nodes() as u32).map(receive).collect();
    }
    mass.iter().zip(&degrees).map(|(mass, degree)| mass / degree.max(f64::MIN_POSITIVE)).collect()
}

/// PageRank that restarts at the seeds; anywhere without.
fn page_rank(arcs: &Csr, seeds: &[PersonIndex]) -> Vec<f64> {
    let mut restart = vec![0.0; arcs.nodes()];
    seeds.iter().for_each(|&seed| restart[seed.index()] = 1.0);
    let walked = RandomWalk::new(arcs).run(&restart, None, &RankSettings::default());
    walked.shares.into_iter().map(f64::from).collect()
}
