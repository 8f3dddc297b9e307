//! Figures of the code that no linter counts, and the limits that they must keep.
//!
//! `cargo test --test architecture figures -- --nocapture` prints them; with `BORG_SOURCES` they are
//! those of another checkout, and no limit is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::circles::circles;
use crate::sources::{self, SourceFile};

/// Words of an idiom of our own, where technical English has plain ones.
const IDIOMS: &[&str] = &["whoever", "whom", "told", "anew", "somebody", "nobody", "so many"];

/// What is found in the product's files by reading their syntax.
#[derive(Debug, Default)]
struct Found {
    function_lines: Vec<usize>,
    /// Functions with more than five parameters.
    long_lists: Vec<String>,
    /// Those with more than five when the parts of tuples are counted.
    long_lists_apart: Vec<String>,
    /// Accesses to parts of tuples by number.
    numbered_parts: usize,
    /// Where each type name is defined.
    types: BTreeMap<String, Vec<String>>,
    expects: usize,
    exceptions: usize,
    path: String,
}

impl Found {
    fn signature(&mut self, signature: &syn::Signature) {
        let values = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(typed) => parts(&typed.ty),
            syn::FnArg::Receiver(_) => 1,
        };
        let counts: Vec<usize> = signature.inputs.iter().map(values).collect();
        let name = || format!("{}: {}", self.path, signature.ident);
        if counts.len() > 5 {
            self.long_lists.push(name());
        }
        if counts.iter().sum::<usize>() > 5 {
            self.long_lists_apart.push(name());
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        self.signature(signature);
        let lines = block.span().end().line + 1 - signature.span().start().line;
        self.function_lines.push(lines);
    }

    fn define(&mut self, name: &syn::Ident) {
        self.types.entry(name.to_string()).or_default().push(self.path.clone());
    }

    /// What macros hide from the syntax tree.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let mut after_dot = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) if after_dot => {
                    self.numbered_parts += usize::from(literal.to_string().parse::<u8>().is_ok());
                }
                TokenTree::Punct(punct) => {
                    after_dot = punct.as_char() == '.';
                    continue;
                }
                _ => {}
            }
            after_dot = false;
        }
    }
}

/// How many values a parameter of this type is: a tuple is as many as it has parts.
fn parts(kind: &syn::Type) -> usize {
    match kind {
        syn::Type::Tuple(tuple) => tuple.elems.iter().map(parts).sum(),
        syn::Type::Reference(reference) => parts(&reference.elem),
        _ => 1,
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        match &item.default {
            Some(block) => self.function(&item.sig, block),
            None => self.signature(&item.sig),
        }
        visit::visit_trait_item_fn(self, item);
    }
    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        self.numbered_parts += usize::from(matches!(field.member, syn::Member::Unnamed(_)));
        visit::visit_expr_field(self, field);
    }
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.expects += usize::from(call.method == "expect");
        visit::visit_expr_method_call(self, call);
    }
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.exceptions += usize::from(attribute.path().is_ident("expect"));
    }
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
    }
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.define(&item.ident);
        visit::visit_item_struct(self, item);
    }
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.define(&item.ident);
        visit::visit_item_enum(self, item);
    }
    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.define(&item.ident);
        visit::visit_item_trait(self, item);
    }
    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.define(&item.ident);
        visit::visit_item_type(self, item);
    }
    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.define(&item.ident);
        visit::visit_item_union(self, item);
    }
}

/// All figures of one checkout.
#[derive(Debug)]
struct Figures {
    found: Found,
    code: usize,
    /// Lines of code of each file, ascending.
    file_lines: Vec<usize>,
    longest: Vec<String>,
    test_lines: usize,
    tests: usize,
    doctests: usize,
    circles: Vec<BTreeSet<String>>,
    idioms: BTreeMap<&'static str, usize>,
    glossary: BTreeSet<String>,
}

/// The longest that a file of the product may be, in lines of code.
const FILE_LINES_MAX: usize = 350;

fn measure() -> Figures {
    let all = sources::all_rust();
    let product: Vec<&SourceFile> = all.iter().filter(|file| file.is_product()).collect();
    let mut found = Found::default();
    for file in &product {
        found.path.clone_from(&file.path);
        for item in file.items() {
            found.visit_item(&item);
        }
    }
    let lines = |file: &&SourceFile| (file.code_lines(), file.path.clone());
    let mut files: Vec<(usize, String)> = product.iter().map(lines).collect();
    files.sort();
    let code = files.iter().map(|(lines, _)| lines).sum();
    let tests: Vec<&SourceFile> = all.iter().filter(|file| is_test(file)).collect();
    let all_code: usize = tests.iter().map(|file| plain_lines(&file.text)).sum();
    let inside: usize =
        product.iter().map(|file| plain_lines(&file.text) - file.code_lines()).sum();
    let long = files.iter().filter(|(lines, _)| *lines > FILE_LINES_MAX);
    Figures {
        longest: long.map(|(lines, path)| format!("{path}: {lines}")).collect(),
        file_lines: files.iter().map(|(lines, _)| *lines).collect(),
        code,
        test_lines: all_code + inside,
        tests: all.iter().map(|file| count_tests(&file.text)).sum(),
        doctests: product.iter().map(|file| count_doctests(&file.text)).sum(),
        circles: circles(&product),
        idioms: idioms(),
        glossary: glossary(),
        found,
    }
}

fn is_test(file: &SourceFile) -> bool {
    !file.is_product() && !file.path.contains("/examples/") && !file.path.contains("/benches/")
}

fn plain_lines(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count()
}

fn count_tests(text: &str) -> usize {
    let is_test = |line: &&str| {
        let line = line.trim();
        line.starts_with("#[test]") || line.starts_with("#[tokio::test")
    };
    text.lines().filter(is_test).count()
}

/// Code blocks of documentation that are compiled: those without a language, or with options only.
fn count_doctests(text: &str) -> usize {
    let mut open = false;
    let mut count = 0;
    for line in text.lines().map(str::trim) {
        let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            open = false;
            continue;
        };
        let Some(language) = doc.trim().strip_prefix("```") else { continue };
        let runs = matches!(language, "" | "rust" | "should_panic" | "no_run" | "compile_fail");
        count += usize::from(!open && runs);
        open = !open;
    }
    count
}

/// How often each idiom occurs as a whole word in code, documents, SQL and templates.
fn idioms() -> BTreeMap<&'static str, usize> {
    let files = sources::files("", &["rs", "md", "sql", "yaml"]);
    let here = |file: &&SourceFile| !file.path.starts_with("tests/architecture/");
    let mut counts = BTreeMap::new();
    for file in files.iter().filter(here) {
        let text = file.text.to_lowercase();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for idiom in IDIOMS {
            *counts.entry(*idiom).or_default() += whole_words(&text, idiom);
        }
    }
    counts
}

fn whole_words(text: &str, word: &str) -> usize {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .filter(|(at, _)| {
            let (before, after) = (&text[..*at], &text[at + word.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
        .count()
}

/// The words of the glossary of ARCHITECTURE.md: the bold ones that begin its rows.
fn glossary() -> BTreeSet<String> {
    let text = std::fs::read_to_string("../../ARCHITECTURE.md").expect("the map is there");
    let section = text.split("\n## ").find(|section| section.starts_with("Glossary"));
    let rows = section.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("| "));
    let words = rows.filter_map(|row| row.split(" | ").next()).flat_map(|cell| cell.split(','));
    let word = |word: &str| {
        let word = word.trim().trim_matches('*').trim_matches('`').to_lowercase();
        (!word.is_empty() && word.chars().all(char::is_alphanumeric)).then_some(word)
    };
    words.filter_map(word).collect()
}

/// Whether a type's name is a single word.
fn is_one_word(name: &str) -> bool {
    name.chars().filter(|c| c.is_uppercase()).count() <= 1
}

fn mean(values: &[usize]) -> f64 {
    values.iter().sum::<usize>() as f64 / values.len().max(1) as f64
}

/// The value that this share of the sorted values do not exceed.
fn quantile(sorted: &[usize], share: f64) -> usize {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

impl Figures {
    fn per_thousand(&self, count: usize) -> f64 {
        count as f64 * 1000.0 / self.code as f64
    }

    /// Names of types that are one word and not in the glossary.
    fn one_word_names(&self) -> Vec<&str> {
        let names = self.found.types.keys().map(String::as_str);
        names
            .filter(|name| is_one_word(name) && !self.glossary.contains(&name.to_lowercase()))
            .collect()
    }

    /// Names of types that are defined more than once.
    fn repeated_names(&self) -> Vec<String> {
        let repeated = self.found.types.iter().filter(|(_, places)| places.len() > 1);
        repeated.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
    }

    fn share_of_types(&self, count: usize) -> f64 {
        count as f64 * 100.0 / self.found.types.len().max(1) as f64
    }

    fn idioms(&self) -> usize {
        self.idioms.values().sum()
    }

    fn table(&self) -> String {
        let mut functions = self.found.function_lines.clone();
        functions.sort_unstable();
        let (one_word, repeated) = (self.one_word_names().len(), self.repeated_names().len());
        let of = |values: &[usize], share| quantile(values, share);
        let rows = [
            ("lines of code", self.code.to_string()),
            (
                "test lines / code lines",
                format!("{:.2}", self.test_lines as f64 / self.code as f64),
            ),
            ("tests / k", format!("{:.1}", self.per_thousand(self.tests))),
            ("doctests", self.doctests.to_string()),
            (
                "function lines: mean, p90, max",
                format!(
                    "{:.1}, {}, {}",
                    mean(&functions),
                    of(&functions, 0.9),
                    of(&functions, 1.0)
                ),
            ),
            (
                "file lines: median, p90, max",
                format!(
                    "{}, {}, {}",
                    of(&self.file_lines, 0.5),
                    of(&self.file_lines, 0.9),
                    of(&self.file_lines, 1.0)
                ),
            ),
            ("files over 350 lines", self.longest.len().to_string()),
            (
                "functions over 5 parameters, with tuples taken apart",
                format!("{}, {}", self.found.long_lists.len(), self.found.long_lists_apart.len()),
            ),
            (".0 .1 .2 / k", format!("{:.1}", self.per_thousand(self.found.numbered_parts))),
            ("types", self.found.types.len().to_string()),
            (
                "names of one word, glossary apart",
                format!("{:.0} %", self.share_of_types(one_word)),
            ),
            ("names defined more than once", format!("{:.1} %", self.share_of_types(repeated))),
            ("circles of files", self.circles.len().to_string()),
            ("idioms", self.idioms().to_string()),
            ("expect / k", format!("{:.2}", self.per_thousand(self.found.expects))),
            ("lint exceptions / k", format!("{:.2}", self.per_thousand(self.found.exceptions))),
        ];
        let mut table = String::from("| measure | value |\n|---|---|\n");
        for (measure, value) in rows {
            let _ = writeln!(table, "| {measure} | {value} |");
        }
        table
    }

    /// # Panics
    /// If a figure is over its limit.
    fn check(&self) {
        let at_most = |what: &str, value: f64, limit: f64| {
            assert!(value <= limit, "{what}: {value:.1}, at most {limit}; see the output");
        };
        let one_word = self.share_of_types(self.one_word_names().len());
        at_most("type names of one word, %", one_word, 30.0);
        at_most(
            "type names defined twice, %",
            self.share_of_types(self.repeated_names().len()),
            5.0,
        );
        at_most("functions over 5 parameters", self.found.long_lists_apart.len() as f64, 0.0);
        at_most(".0 .1 / k", self.per_thousand(self.found.numbered_parts), 4.0);
        at_most("circles of files", self.circles.len() as f64, 1.0);
        at_most("idioms", self.idioms() as f64, 40.0);
        at_most("long files", self.longest.len() as f64, 0.0);
        assert!(self.doctests >= 25, "{} doctests", self.doctests);
    }

    /// What is behind the figures, to be mended.
    fn details(&self) -> String {
        let list =
            |title: &str, lines: Vec<String>| format!("\n{title}:\n  {}\n", lines.join("\n  "));
        let circles = self
            .circles
            .iter()
            .map(|circle| circle.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        let idioms = self.idioms.iter().map(|(word, count)| format!("{word}: {count}"));
        [
            list("one word", vec![self.one_word_names().join(" ")]),
            list("defined more than once", self.repeated_names()),
            list("over 5 parameters", self.found.long_lists_apart.clone()),
            list("long files", self.longest.clone()),
            list("circles", circles.collect()),
            list("idioms", idioms.collect()),
        ]
        .concat()
    }
}

#[test]
fn figures_keep_their_limits() {
    let figures = measure();
    println!("{}{}", figures.table(), figures.details());
    if sources::other_checkout().is_none() {
        figures.check();
    }
}
