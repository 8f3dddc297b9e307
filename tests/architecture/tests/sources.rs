//! The source files of the workspace, parsed.

use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;

/// A file of the workspace.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the root of the workspace.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Another checkout that is to be measured instead of this one.
#[expect(
    clippy::disallowed_methods,
    reason = "the figures of another commit are asked for by hand"
)]
pub(crate) fn other_checkout() -> Option<PathBuf> {
    std::env::var_os("BORG_SOURCES").map(PathBuf::from)
}

/// The root of the workspace that is read.
pub(crate) fn root() -> PathBuf {
    let root = other_checkout().unwrap_or_else(|| PathBuf::from("../.."));
    root.canonicalize().expect("the root is there")
}

/// The files under `folder` whose names end in one of `ends`, by path. Build output is left out.
pub(crate) fn files(folder: &str, ends: &[&str]) -> Vec<SourceFile> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths);
    paths.sort();
    let wanted = |path: &&PathBuf| {
        path.extension().is_some_and(|end| ends.iter().any(|wanted| end == *wanted))
    };
    let read = |path: &PathBuf| SourceFile {
        path: path.strip_prefix(&root).unwrap_or(path).display().to_string(),
        text: fs::read_to_string(path).unwrap_or_default(),
    };
    paths.iter().filter(wanted).map(read).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    const LEFT_OUT: &[&str] = &["target", "node_modules", ".git", ".local", ".borg"];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        match path.is_dir() {
            true if LEFT_OUT.iter().any(|left_out| name == *left_out) => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

/// Rust files under `folder`.
pub(crate) fn rust(folder: &str) -> Vec<SourceFile> {
    files(folder, &["rs"])
}

/// All Rust files of the packages.
pub(crate) fn all_rust() -> Vec<SourceFile> {
    ["crates", "functions", "tests"].into_iter().flat_map(rust).collect()
}

impl SourceFile {
    /// Whether the file is part of the product: not a test, an example, or a help for tests.
    pub(crate) fn is_product(&self) -> bool {
        let path = &self.path;
        path.contains("/src/")
            && !path.starts_with("tests/")
            && !path.starts_with("crates/testkit/")
            && !path.contains("/tests/")
            && !path.ends_with("/tests.rs")
    }

    /// The items of the file but for those that are compiled for tests only.
    pub(crate) fn items(&self) -> Vec<syn::Item> {
        let file = syn::parse_file(&self.text)
            .unwrap_or_else(|error| panic!("{} is no Rust: {error}", self.path));
        file.items.into_iter().filter(|item| !is_for_tests(attributes(item))).collect()
    }

    /// Lines that are neither blank nor a comment, those that are for tests only apart.
    pub(crate) fn code_lines(&self) -> usize {
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        let all = self.text.lines().filter(is_code).count();
        let file = syn::parse_file(&self.text).expect("the file is Rust");
        let tests = file.items.iter().filter(|item| is_for_tests(attributes(item)));
        let lines = |item: &syn::Item| {
            let (start, end) = (item.span().start().line, item.span().end().line);
            self.text.lines().skip(start - 1).take(end + 1 - start).filter(is_code).count()
        };
        all - tests.map(lines).sum::<usize>()
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
