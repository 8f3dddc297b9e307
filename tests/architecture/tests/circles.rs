//! Circles: files of one package, or modules with all that is nested in them, that use each other's
//! items in a loop.
//!
//! A file uses another if one of its paths leads to an item that the other defines; re-exports
//! are followed, so a module that only hands names on is in no circle because of that. What a
//! file uses of the modules that it is nested in does not count: it is a part of them.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::sources::SourceFile;

/// Names of nested modules, from the root of a package.
type ModulePath = Vec<String>;

/// What a file defines, imports and names.
#[derive(Debug, Default)]
struct Module {
    file: String,
    defined: BTreeSet<String>,
    /// What each imported name stands for.
    imported: BTreeMap<String, Vec<String>>,
    /// Modules of which everything is imported.
    globs: Vec<Vec<String>>,
    /// Paths of at least two segments, and imported ones.
    named: BTreeSet<Vec<String>>,
}

impl Module {
    fn read(file: &SourceFile) -> Module {
        let mut module = Module { file: file.path.clone(), ..Module::default() };
        for item in file.items() {
            module.define(&item);
            module.visit_item(&item);
        }
        module
    }

    fn define(&mut self, item: &syn::Item) {
        let name = match item {
            syn::Item::Const(item) => &item.ident,
            syn::Item::Enum(item) => &item.ident,
            syn::Item::Fn(item) => &item.sig.ident,
            syn::Item::Macro(item) => return self.define_by_macro(item),
            syn::Item::Mod(item) if item.content.is_some() => &item.ident,
            syn::Item::Static(item) => &item.ident,
            syn::Item::Struct(item) => &item.ident,
            syn::Item::Trait(item) => &item.ident,
            syn::Item::Type(item) => &item.ident,
            _ => return,
        };
        self.defined.insert(name.to_string());
    }

    /// Macros that define items name them with a capital.
    fn define_by_macro(&mut self, item: &syn::ItemMacro) {
        self.defined.extend(item.ident.iter().map(ToString::to_string));
        for token in item.mac.tokens.clone() {
            if let proc_macro2::TokenTree::Ident(ident) = token {
                self.defined.insert(ident.to_string());
            }
        }
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before));
            }
            syn::UseTree::Glob(_) => self.globs.push(before.to_vec()),
            syn::UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = before.last() {
                    self.bind(last.clone(), before.to_vec());
                }
            }
            syn::UseTree::Name(name) => self.bind(name.ident.to_string(), with(&name.ident)),
            syn::UseTree::Rename(rename) => {
                self.bind(rename.rename.to_string(), with(&rename.ident));
            }
        }
    }

    fn bind(&mut self, name: String, path: Vec<String>) {
        self.named.insert(path.clone());
        self.imported.insert(name, path);
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A re-export hands a name on; it uses nothing itself.
        let named = self.named.clone();
        self.import(&item.tree, &[]);
        if !matches!(item.vis, syn::Visibility::Inherited) {
            self.named = named;
        }
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.named.insert(segments.collect());
        }
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.paths_in(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

impl Module {
    /// Paths among the tokens of a macro.
    fn paths_in(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 || path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.paths_in(group.stream()),
                _ => {}
            }
            if path.len() > 1 {
                self.named.insert(std::mem::take(&mut path));
            }
            path.clear();
            colons = 0;
        }
        if path.len() > 1 {
            self.named.insert(path);
        }
    }
}

/// One package: its modules by path.
type Package = BTreeMap<ModulePath, Module>;

/// How many re-exports of re-exports are followed.
const STEPS_MAX: usize = 16;

/// The file that defines what `path`, as written in the module `from`, stands for.
fn definition(package: &Package, from: &[String], path: &[String], steps: usize) -> Option<String> {
    if steps == STEPS_MAX {
        return None;
    }
    let mut at = from.to_vec();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            name => {
                let inner = [at.as_slice(), &[name.to_owned()]].concat();
                if !package.contains_key(&inner) {
                    return defined_in(package, &at, rest, steps);
                }
                at = inner;
            }
        }
        rest = after;
    }
    None
}

/// The same for a path that begins with a name of the module `at`.
fn defined_in(package: &Package, at: &[String], path: &[String], steps: usize) -> Option<String> {
    let module = package.get(at)?;
    let (name, after) = path.split_first()?;
    if module.defined.contains(name) {
        return Some(module.file.clone());
    }
    if let Some(imported) = module.imported.get(name) {
        if imported.first() == Some(name) && imported.len() == 1 {
            return None;
        }
        return definition(package, at, &[imported, after].concat(), steps + 1);
    }
    module
        .globs
        .iter()
        .find_map(|glob| definition(package, at, &[glob.as_slice(), path].concat(), steps + 1))
}

/// Which files, or modules, each uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The modules that each module of a package uses, those around it apart.
fn uses(package: &Package) -> Vec<(&ModulePath, BTreeSet<&ModulePath>)> {
    let files: BTreeMap<&str, &ModulePath> =
        package.iter().map(|(path, module)| (module.file.as_str(), path)).collect();
    let used_by = |path: &ModulePath, module: &Module| {
        let used = module.named.iter().filter_map(|named| definition(package, path, named, 0));
        let used = used.filter_map(|file| files.get(file.as_str()).copied());
        used.filter(|used| !path.starts_with(used)).collect()
    };
    package.iter().map(|(path, module)| (path, used_by(path, module))).collect()
}

/// The uses between files.
fn between_files(package: &Package, uses: &[(&ModulePath, BTreeSet<&ModulePath>)]) -> Uses {
    let file = |path: &ModulePath| package[path].file.clone();
    uses.iter()
        .map(|(path, used)| (file(path), used.iter().map(|used| file(used)).collect()))
        .collect()
}

/// The uses between the modules that are nested in `around`, each with all that is nested in it.
fn between_siblings(around: &[String], uses: &[(&ModulePath, BTreeSet<&ModulePath>)]) -> Uses {
    let sibling = |path: &ModulePath| {
        let inner = path.strip_prefix(around)?.first()?;
        Some([around, std::slice::from_ref(inner)].concat().join("::"))
    };
    let mut between = Uses::new();
    for (path, used) in uses {
        let Some(from) = sibling(path) else { continue };
        let others = used.iter().filter_map(|used| sibling(used)).filter(|used| *used != from);
        between.entry(from.clone()).or_default().extend(others);
    }
    between
}

fn module_path(inside: &str) -> ModulePath {
    let path = inside.trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !matches!(*part, "lib" | "main" | "mod"));
    parts.map(str::to_owned).collect()
}

/// The sets of files that use each other in a loop.
pub(crate) fn circles(files: &[&SourceFile]) -> Vec<BTreeSet<String>> {
    let mut packages: BTreeMap<&str, Package> = BTreeMap::new();
    for file in files {
        let Some((package, inside)) = file.path.split_once("/src/") else { continue };
        if inside == "main.rs"
            && files.iter().any(|other| other.path == format!("{package}/src/lib.rs"))
        {
            continue;
        }
        let modules = packages.entry(package).or_default();
        modules.insert(module_path(inside), Module::read(file));
    }
    packages.iter().flat_map(|(name, package)| circles_of(name, package)).collect()
}

fn circles_of(name: &str, package: &Package) -> Vec<BTreeSet<String>> {
    let uses = uses(package);
    let files = loops(&between_files(package, &uses));
    let modules = package.keys().flat_map(|around| loops(&between_siblings(around, &uses)));
    let modules =
        modules.map(|circle| circle.iter().map(|module| format!("{name} {module}")).collect());
    let is_new =
        |circle: &BTreeSet<String>| !files.iter().any(|other| is_same(name, other, circle));
    let modules: Vec<BTreeSet<String>> = modules.filter(is_new).collect();
    [files, modules].concat()
}

/// Whether each module of a circle has a file in another.
fn is_same(name: &str, files: &BTreeSet<String>, modules: &BTreeSet<String>) -> bool {
    let prefix = |module: &String| {
        let path = module.trim_start_matches(name).trim().replace("::", "/");
        format!("{name}/src/{path}")
    };
    let has_file = |module: &String| files.iter().any(|file| file.starts_with(&prefix(module)));
    modules.iter().all(has_file)
}

fn loops(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|from| (from.as_str(), reached(uses, from))).collect();
    let mut found = BTreeSet::new();
    for (from, reached) in &reach {
        let is_back = |other: &&&str| reach.get(**other).is_some_and(|back| back.contains(from));
        let circle: BTreeSet<String> =
            reached.iter().filter(is_back).map(|other| (*other).to_owned()).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// What is used from `from` on, directly or not.
fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = uses[from].iter().map(String::as_str).collect();
    while let Some(used) = next.pop() {
        if reached.insert(used) {
            next.extend(uses.get(used).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}
