//! The arrows between files. An arrow leads from a file that uses a path to the file that defines it.

use std::collections::BTreeMap;

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};

use crate::modules::{Crate, Found, ModulePath, attributes, imports, is_test};

/// For each pair of files (indices in [`Crate::files`]) the first path that leads from one to the other.
pub(crate) type Arrows = BTreeMap<(usize, usize), String>;

/// All arrows of a crate. A path to an ancestor module of the file is not an arrow.
pub(crate) fn of(parsed: &Crate) -> Arrows {
    let mut arrows = Arrows::new();
    for (file, source) in parsed.files.iter().enumerate() {
        let mut visitor = Visitor { parsed, file, scope: source.module.clone(), blocks: 0, arrows: &mut arrows };
        visitor.visit_file(&source.syntax);
    }
    arrows
}

struct Visitor<'c> {
    parsed: &'c Crate,
    file: usize,
    /// The module that is being visited.
    scope: ModulePath,
    /// How many blocks of code are open.
    blocks: u32,
    arrows: &'c mut Arrows,
}

impl Visitor<'_> {
    fn add(&mut self, path: &[String], found: Option<Found>) {
        let Some(Found::Name(to) | Found::Module(to)) = found else { return };
        let files = &self.parsed.files;
        if to != self.file && !files[self.file].module.starts_with(&files[to].module) {
            self.arrows.entry((self.file, to)).or_insert_with(|| path.join("::"));
        }
    }

    /// Adds the paths in the tokens of a macro.
    fn tokens(&mut self, mut at: Cursor<'_>) {
        let (mut path, mut is_joined) = (Vec::new(), false);
        while !at.eof() {
            if let Some((name, rest)) = at.ident() {
                if !is_joined {
                    self.end_of_path(&mut path);
                }
                path.push(name.to_string());
                (is_joined, at) = (false, rest);
            } else if let Some((_, rest)) = colons(at) {
                (is_joined, at) = (true, rest);
            } else {
                self.end_of_path(&mut path);
                is_joined = false;
                if let Some((inside, _, _, rest)) = at.any_group() {
                    self.tokens(inside);
                    at = rest;
                } else {
                    at = at.token_tree().map_or(at, |(_, rest)| rest);
                }
            }
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(&path, self.parsed.resolve(&self.scope, &path));
        }
    }
}

/// `::`
fn colons(at: Cursor<'_>) -> Option<((), Cursor<'_>)> {
    let (first, rest) = at.punct()?;
    let (second, rest) = rest.punct()?;
    (first.as_char() == ':' && second.as_char() == ':').then_some(((), rest))
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.scope.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for import in imports(&item.tree) {
            match self.parsed.resolve(&self.scope, &import.path) {
                // An imported module is not an arrow: the uses of its names are. Two exceptions: an import in a block
                // of code, which the resolver does not know, and an import of all names.
                Some(Found::Module(_)) if self.blocks == 0 && import.name.is_some() => {}
                found => self.add(&import.path, found),
            }
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.blocks += 1;
        visit::visit_block(self, block);
        self.blocks -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 && path.leading_colon.is_none() {
            self.add(&segments, self.parsed.resolve(&self.scope, &segments));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(TokenBuffer::new2(call.tokens.clone()).begin());
    }

    // `pub(in crate::room)` limits access; it is not a dependency.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::made;

    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let parsed = Crate::parse(&made(files));
        let name = |file: usize| parsed.files[file].path.trim_end_matches(".rs").to_owned();
        of(&parsed).keys().map(|&(from, to)| format!("{} -> {}", name(from), name(to))).collect()
    }

    #[test]
    fn uses_types_expressions_and_macros_are_arrows() {
        for text in [
            "use crate::b::B;",
            "use super::b::{self, B};",
            "use crate::b; fn f() { b::make() }",
            "use crate::b; fn f() { vec![1, b::MAX] }",
            "use crate::b; fn f() { let x: Vec<b::B> = Vec::new(); }",
            "fn f() { use crate::b; }",
            "mod inline { use crate::b::*; }",
            "macro_rules! m { () => { $crate::b::make() } }",
            "use crate::B;",
            "impl crate::b::B {}",
        ] {
            let files =
                [("lib.rs", "mod a; mod b; pub use b::B;"), ("a.rs", text), ("b.rs", "pub struct B; pub fn make() {}")];
            assert!(arrows(&files).contains(&"a -> b".to_owned()), "{text}");
        }
    }

    #[test]
    fn tests_visibilities_and_modules_without_used_names_are_not_arrows() {
        for text in [
            "#[cfg(test)] use crate::b::B;",
            "#[cfg(test)] fn f() { crate::b::make() }",
            "struct A; impl A { #[cfg(test)] fn f() { crate::b::make() } }",
            "pub(in crate::b) struct A;",
            "use crate::b;",
            "use std::fmt::Debug;",
        ] {
            let files = [("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "pub struct B; pub fn make() {}")];
            assert!(!arrows(&files).contains(&"a -> b".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_path_to_an_ancestor_is_not_an_arrow() {
        let found = arrows(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; struct A; use self::b::B;"),
            ("a/b.rs", "mod c; pub struct B; use super::A;"),
            ("a/b/c.rs", "use crate::a::A; use super::B;"),
        ]);
        assert_eq!(found, ["a -> a/b"]);
    }
}
