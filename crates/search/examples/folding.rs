//! What each version of folding costs: CPU time, and the size of the index; and what it costs to look for
//! sensitive topics.
//!
//! `cargo run --release -p search --example folding -- 100000` makes 100,000 people from a seed: names,
//! handles and bios in the scripts of the social web, most of them Latin.

use rustix::time::{ClockId, clock_gettime};
use search::{Folding, IndexBuilder, PublicWords};

/// Words of names and bios, by script, and the percentage of people who use it.
const SCRIPTS: [(&str, usize, &str, &str); 7] = [
    (
        "latin",
        66,
        "Anna Łukasz Jürgen Zoë Müller O'Brien Jean-Pierre Smith Nguyễn Işık García Weiß Øystein John",
        "software gardening café self-taught music die Berge und it's about climate science writing \
         coffee cats she/her photos développement für journalist opinions mine naïve football jazz",
    ),
    (
        "japanese",
        14,
        "田中さくら 山田太郎 ラーメン好き みどり",
        "東京在住のエンジニアです 音楽と写真が好き 日常のつぶやき 猫と暮らす",
    ),
    (
        "cyrillic",
        6,
        "Алексей Ёлкин Ольга Андрій",
        "пишу о музыке люблю горы фотография журналист код кофе",
    ),
    ("arabic", 5, "أَحْمَد فاطمة محمد", "أكتب عن الموسيقى والسفر مهندس برمجيات أحب القهوة"),
    (
        "korean",
        5,
        "김민수 이서연 박지훈",
        "서울에서 음악을 만드는 개발자 고양이와 커피를 좋아합니다",
    ),
    ("thai", 2, "สมชายใจดี มะลิ", "ฉันเขียนทุกวันรักดนตรีและกาแฟ นักพัฒนาซอฟต์แวร์จากกรุงเทพ"),
    ("devanagari", 2, "राहुल प्रिया", "मैं हर दिन लिखता हूँ संगीत और फ़ोन"),
];

struct Person {
    handle: String,
    name: String,
    bio: String,
}

fn main() {
    let people = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let people: Vec<Person> = (0..people).map(person).collect();
    println!("folding  script      chars/CPU µs");
    for folding in [Folding::V1, Folding::V2] {
        for (script, _, names, words) in SCRIPTS {
            println!(
                "{folding:?}       {script:10} {:9.1}",
                speed(folding, &[names, words].join(" "))
            );
        }
    }
    println!("folding  rows/person  bytes/person  CPU µs/person");
    for folding in [Folding::V1, Folding::V2] {
        index(folding, &people);
    }
    println!("sensitive  CPU µs/bio");
    let bios: Vec<&str> = people.iter().map(|person| person.bio.as_str()).collect();
    println!("label      {:10.2}", look(&bios, search::sensitive::topics));
    println!("naming     {:10.2}", look(&bios, search::sensitive::named));
}

/// Processor time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Microseconds of processor time for the topics of one text; the list of words is read before.
fn look(texts: &[&str], topics: impl Fn(&str) -> model::SensitiveTopics) -> f64 {
    std::hint::black_box(topics("queer"));
    let began = cpu_seconds();
    let found = texts.iter().filter(|text| !topics(text).is_empty()).count();
    std::hint::black_box(found);
    (cpu_seconds() - began) * 1e6 / texts.len() as f64
}

/// Characters folded in a microsecond of processor time.
fn speed(folding: Folding, text: &str) -> f64 {
    const ROUNDS: usize = 20_000;
    let began = cpu_seconds();
    let folded: usize = (0..ROUNDS).map(|_| std::hint::black_box(folding.fold(text)).len()).sum();
    assert!(folded > 0);
    (ROUNDS * text.chars().count()) as f64 / (cpu_seconds() - began) / 1e6
}

fn index(folding: Folding, people: &[Person]) {
    let began = cpu_seconds();
    let mut builder = IndexBuilder::new(folding);
    for (number, person) in (0..).zip(people) {
        let words = PublicWords {
            handle: Some(&person.handle),
            display_name: Some(&person.name),
            bio: Some(&person.bio),
            ..PublicWords::default()
        };
        builder.add(number, &[words]).expect("numbers ascend");
    }
    let rows = builder.finish();
    let seconds = cpu_seconds() - began;
    let bytes: usize = rows.iter().map(|row| row.key.len() + row.body.len()).sum();
    let each = |sum: f64| sum / people.len() as f64;
    let (rows, bytes, time) = (each(rows.len() as f64), each(bytes as f64), each(seconds * 1e6));
    println!("{folding:?}       {rows:11.2} {bytes:13.1} {time:10.2}");
}

/// A pseudo-random number from another (SplitMix64).
fn mixed(number: usize) -> usize {
    let mut z = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)) as usize >> 4
}

fn person(number: usize) -> Person {
    let mut place = mixed(number) % 100;
    let (_, _, names, words) = SCRIPTS
        .into_iter()
        .find(|(_, share, ..)| {
            let found = place < *share;
            place = place.saturating_sub(*share);
            found
        })
        .unwrap_or(SCRIPTS[0]);
    let draw = |text: &str, salt: usize, count: usize| -> String {
        let all: Vec<&str> = text.split_whitespace().collect();
        let one = |at| all[mixed(number * 64 + salt + at) % all.len()];
        (0..count).map(one).collect::<Vec<_>>().join(" ")
    };
    let handle = format!("{}-{number}.example.org", draw("ada john_doe maria rust.lang", 0, 1));
    let bio = format!("{} word{}", draw(words, 8, 10), mixed(number) % 20_000);
    Person { handle, name: draw(names, 4, 2), bio }
}
