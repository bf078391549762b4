//! The modules of a crate: the file, the definitions and the imports of each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, Meta, UseTree};

/// Source texts by path, relative to the folder of `lib.rs`, with `/` between folders.
pub(crate) type Sources = BTreeMap<String, String>;

/// The path of a module: `[]` is the root of the crate.
pub(crate) type ModulePath = Vec<String>;

/// A crate without its `#[cfg(test)]` modules.
#[derive(Default)]
pub(crate) struct Crate {
    pub(crate) files: Vec<SourceFile>,
    modules: HashMap<ModulePath, Module>,
}

/// One `.rs` file.
pub(crate) struct SourceFile {
    /// Relative to the folder of `lib.rs`.
    pub(crate) path: String,
    pub(crate) module: ModulePath,
    pub(crate) syntax: syn::File,
}

#[derive(Default)]
struct Module {
    /// Index in [`Crate::files`]. An inline module has the file that contains it.
    file: usize,
    defined: HashSet<String>,
    /// Imported names with their paths as written.
    imports: HashMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// The target of a resolved path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A module in this file.
    Module(usize),
    /// A name that this file defines.
    Name(usize),
}

/// A leaf of a use tree: the path as written, and the imported name.
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// `None` for `*`.
    pub(crate) name: Option<String>,
}

/// Reads all `.rs` files below a folder.
pub(crate) fn read(folder: &Path) -> Sources {
    fn add(root: &Path, folder: &Path, sources: &mut Sources) {
        for entry in fs::read_dir(folder).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                add(root, &path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts = path.strip_prefix(root).expect("it is below the root").iter();
                sources.insert(
                    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"),
                    fs::read_to_string(&path).expect("a source can be read"),
                );
            }
        }
    }
    let mut sources = Sources::new();
    add(folder, folder, &mut sources);
    sources
}

impl Crate {
    /// Parses `lib.rs` and the modules that it declares.
    pub(crate) fn parse(sources: &Sources) -> Self {
        let mut parsed = Self::default();
        parsed.add_file(sources, "lib.rs", Vec::new());
        parsed
    }

    fn add_file(&mut self, sources: &Sources, path: &str, module: ModulePath) {
        let syntax = syn::parse_file(&sources[path]).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file = self.files.len();
        let items = syntax.items.clone();
        self.files.push(SourceFile { path: path.to_owned(), module: module.clone(), syntax });
        self.add_module(sources, file, module, &items);
    }

    fn add_module(&mut self, sources: &Sources, file: usize, path: ModulePath, items: &[Item]) {
        let mut module = Module { file, ..Module::default() };
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let below = [&path[..], &[name]].concat();
                    match &child.content {
                        Some((_, items)) => self.add_module(sources, file, below, items),
                        None => {
                            let stem = below.join("/");
                            let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
                            let found = candidates.iter().find(|path| sources.contains_key(*path));
                            let found = found.unwrap_or_else(|| panic!("module {stem} has no file"));
                            self.add_file(sources, found, below);
                        }
                    }
                }
                Item::Use(import) => {
                    for Import { path, name } in imports(&import.tree) {
                        match name {
                            Some(name) => drop(module.imports.insert(name, path)),
                            None => module.globs.push(path),
                        }
                    }
                }
                _ => module.defined.extend(name(item)),
            }
        }
        self.modules.insert(path, module);
    }

    /// Resolves a path in module `scope`. `None` for a name of another crate or of a local scope.
    pub(crate) fn resolve(&self, scope: &[String], path: &[String]) -> Option<Found> {
        self.resolve_within(scope, path, 16).or_else(|| self.nearest(scope, path))
    }

    fn resolve_within(&self, scope: &[String], path: &[String], budget: u32) -> Option<Found> {
        let budget = budget.checked_sub(1)?;
        let (start, rest) = absolute(scope, path).unwrap_or((scope.to_vec(), path));
        let module = self.modules.get(&start)?;
        let Some((first, below)) = rest.split_first() else { return Some(Found::Module(module.file)) };
        let child = [&start[..], std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            let rest = [&["self".to_owned()], below].concat();
            return self.resolve_within(&child, &rest, budget);
        }
        if module.defined.contains(first) {
            return Some(Found::Name(module.file));
        }
        if let Some(import) = module.imports.get(first) {
            // The import of another crate under its own name would resolve to itself without end.
            let is_itself = import.first() == Some(first);
            return if is_itself { None } else { self.resolve_within(&start, &[import, below].concat(), budget) };
        }
        let through = |glob: &Vec<String>| self.resolve_within(&start, &[glob, rest].concat(), budget);
        module.globs.iter().filter(|glob| glob.first() != Some(first)).find_map(through)
    }

    /// The file of the longest prefix of the path that is a module, for names that a macro defines.
    fn nearest(&self, scope: &[String], path: &[String]) -> Option<Found> {
        let imported = self.modules.get(scope).and_then(|module| module.imports.get(path.first()?));
        let path = match imported {
            Some(import) => &[import, &path[1..]].concat(),
            None => path,
        };
        let (mut at, rest) = absolute(scope, path)?;
        for segment in rest {
            at.push(segment.clone());
            if !self.modules.contains_key(&at) {
                at.pop();
                break;
            }
        }
        self.modules.get(&at).map(|module| Found::Name(module.file))
    }
}

/// The module of a leading `crate::`, `self::` or `super::`, and the rest of the path.
fn absolute<'p>(scope: &[String], path: &'p [String]) -> Option<(ModulePath, &'p [String])> {
    match path.first()?.as_str() {
        "crate" => Some((Vec::new(), &path[1..])),
        "self" => Some((scope.to_vec(), &path[1..])),
        "super" => {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            Some((scope[..scope.len().checked_sub(ups)?].to_vec(), &path[ups..]))
        }
        _ => None,
    }
}

/// The leaves of a use tree.
pub(crate) fn imports(tree: &UseTree) -> Vec<Import> {
    fn add(tree: &UseTree, before: &[String], leaves: &mut Vec<Import>) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => add(&path.tree, &with(&path.ident), leaves),
            UseTree::Group(group) => group.items.iter().for_each(|tree| add(tree, before, leaves)),
            UseTree::Glob(_) => leaves.push(Import { path: before.to_vec(), name: None }),
            UseTree::Name(name) if name.ident == "self" => {
                leaves.push(Import { path: before.to_vec(), name: before.last().cloned() });
            }
            UseTree::Name(name) => leaves.push(Import { path: with(&name.ident), name: Some(name.ident.to_string()) }),
            UseTree::Rename(rename) if rename.ident == "self" => {
                leaves.push(Import { path: before.to_vec(), name: Some(rename.rename.to_string()) });
            }
            UseTree::Rename(rename) => {
                leaves.push(Import { path: with(&rename.ident), name: Some(rename.rename.to_string()) });
            }
        }
    }
    let mut leaves = Vec::new();
    add(tree, &[], &mut leaves);
    leaves
}

/// Whether an item has `#[cfg(test)]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

#[cfg(test)]
pub(crate) fn made(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect()
}

#[test]
fn a_path_resolves_to_the_file_that_defines_the_name() {
    let sources = made(&[
        ("lib.rs", "mod error; mod io; pub use error::Error; mod inline { pub struct Within; }"),
        ("error.rs", "pub enum Error {}"),
        ("io.rs", "mod model; mod list; pub use self::model::{Model as IoModel, MAX}; pub use list::*;"),
        (
            "io/model.rs",
            "pub struct Model; pub const MAX: usize = 1; use super::list; use crate::Error; use serde::Map;",
        ),
        ("io/list.rs", "pub fn first() {} made! { fn second() {} }"),
    ]);
    let parsed = Crate::parse(&sources);
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let find = |scope: &str, text: &str| {
        let scope = if scope.is_empty() { Vec::new() } else { path(scope) };
        parsed.resolve(&scope, &path(text)).map(|found| match found {
            Found::Module(file) => format!("mod {}", parsed.files[file].path),
            Found::Name(file) => parsed.files[file].path.clone(),
        })
    };
    for (scope, text, expected) in [
        ("io::model", "crate::Error", Some("error.rs")),
        ("io::model", "Error::Variant", Some("error.rs")),
        ("", "crate::io::IoModel", Some("io/model.rs")),
        ("", "io::MAX", Some("io/model.rs")),
        ("", "crate::io::first", Some("io/list.rs")),
        ("", "crate::io::list::second", Some("io/list.rs")),
        ("io::model", "super::list::first", Some("io/list.rs")),
        ("io::model", "list::first", Some("io/list.rs")),
        ("io::model", "super::super::inline::Within", Some("lib.rs")),
        ("io::model", "super::list", Some("mod io/list.rs")),
        ("io::model", "self::Model::new", Some("io/model.rs")),
        ("io::model", "Map::new", None),
        ("io::model", "std::fmt::Debug", None),
        ("io::model", "super::super::super::super::beyond", None),
    ] {
        assert_eq!(find(scope, text).as_deref(), expected, "{text} in {scope}");
    }
}

#[test]
fn test_modules_are_left_out() {
    let sources = made(&[
        ("lib.rs", "mod a; #[cfg(test)] mod tests;"),
        ("a.rs", "#[cfg(test)] mod tests { use crate::tests; }"),
        ("tests.rs", "not Rust"),
    ]);
    let files: Vec<_> = Crate::parse(&sources).files.into_iter().map(|file| file.path).collect();
    assert_eq!(files, ["lib.rs", "a.rs"]);
}
