//! The tables of docs/prices.md are those of the code.

use std::fmt::Write as _;

use model::{PriceClass, PriceItem};
use pricing::AnswerOutcome;
use pricing::outcome::{
    ChargedPart, CountedUse, FREE_ANSWERS_MIN, FREE_ANSWERS_OF_PAYER_MIN, FREE_PER_CHARGED,
};

const DOCUMENT: &str = include_str!("../../../docs/prices.md");

fn items() -> String {
    let mut table = String::from("| item | what it is | floor (cr) |\n|---|---|---|\n");
    for item in PriceItem::ALL {
        let _ = writeln!(table, "| `{item}` | {} | {} |", item.meaning(), item.floor());
    }
    table
}

fn classes() -> String {
    let mut table = String::from("| class | what it is | its use is counted in |\n|---|---|---|\n");
    for class in PriceClass::ALL {
        let unit = class.capacity_unit().slug();
        let _ = writeln!(table, "| `{class}` | {} | `{unit}` |", class.meaning());
    }
    table
}

fn outcomes() -> String {
    let mut table = String::from(
        "| outcome | what it is | charged | moves the index | counts as a free answer |\n\
         |---|---|---|---|---|\n",
    );
    for outcome in AnswerOutcome::ALL {
        let charged = match outcome.charged() {
            ChargedPart::Whole => "yes",
            ChargedPart::Delivered => "what was delivered",
            ChargedPart::Nothing => "no",
        };
        let moves = match outcome.counted() {
            CountedUse::Paid => "yes",
            CountedUse::Refused => "as above",
            CountedUse::Nothing => "no",
        };
        let free = if outcome.is_free_answer() { "yes" } else { "no" };
        let (slug, meaning) = (outcome.slug(), outcome.meaning());
        let _ = writeln!(table, "| `{slug}` | {meaning} | {charged} | {moves} | {free} |");
    }
    table
}

fn free_answers() -> String {
    format!(
        "A key has {FREE_ANSWERS_MIN} free answers on a UTC day, and {FREE_PER_CHARGED} more for each charged \
         one; an account has {FREE_ANSWERS_OF_PAYER_MIN} with all its keys together, and as many more; then 429.\n"
    )
}

/// The document with the tables of the code.
fn document() -> String {
    let sections = [
        ("model::PriceItem", items()),
        ("model::PriceClass", classes()),
        ("pricing::AnswerOutcome", outcomes()),
        ("pricing::FreeAnswers", free_answers()),
    ];
    sections.iter().fold(DOCUMENT.to_owned(), |text, (source, made)| {
        let begin = format!("<!-- made from {source} -->\n");
        let (before, rest) = text.split_once(&begin).expect("the section begins");
        let (_, after) = rest.split_once("<!-- end -->").expect("the section ends");
        format!("{before}{begin}{made}<!-- end -->{after}")
    })
}

#[test]
fn the_document_has_the_tables_of_the_code() {
    let document = document();
    if document != DOCUMENT {
        let path = std::env::temp_dir().join("borg-prices.md");
        std::fs::write(&path, document).expect("the temporary folder can be written to");
        panic!("docs/prices.md is not what the code says: compare and copy {}", path.display());
    }
}
