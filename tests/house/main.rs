//! The layout of the sources: files do not form circles, and only some rooms (top folders) may depend on others.
//!
//! `cargo test --test house -- --nocapture rooms` prints the rooms and the arrows between them.

mod arrows;
mod circles;
mod modules;

use std::collections::BTreeSet;
use std::path::Path;

use modules::{Crate, SourceFile};

/// Allowed circles of files, each with the reason.
const ALLOWED: &[(&[&str], &str)] = &[];

fn parse(folder: &str) -> Crate {
    Crate::parse(&modules::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)))
}

fn engine() -> Crate {
    parse("engine/src")
}

fn module() -> Crate {
    parse("src")
}

/// The top folder of a file.
fn room(file: &SourceFile) -> &str {
    file.module.first().map_or("lib", String::as_str)
}

fn assert_no_circles(parsed: &Crate) {
    let arrows = arrows::of(parsed);
    let path = |file: usize| parsed.files[file].path.as_str();
    let mut report = Vec::new();
    for circle in circles::of(parsed.files.len(), arrows.keys().copied()) {
        if ALLOWED.iter().any(|(files, _)| circle.iter().all(|&file| files.contains(&path(file)))) {
            continue;
        }
        report.push(format!("circle of {} files:", circle.len()));
        let inside = |&(from, to): &(usize, usize)| circle.contains(&from) && circle.contains(&to);
        for (&(from, to), name) in arrows.iter().filter(|(arrow, _)| inside(arrow)) {
            report.push(format!("  {} -> {} by {name}", path(from), path(to)));
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn files_of_the_engine_do_not_form_a_circle() {
    assert_no_circles(&engine());
}

#[test]
fn files_of_the_module_do_not_form_a_circle() {
    assert_no_circles(&module());
}

#[test]
fn only_the_registration_imports_commands() {
    let module = module();
    let may = |file: &SourceFile| matches!(room(file), "lib" | "commands");
    let mut found = Vec::new();
    for ((from, to), name) in arrows::of(&module) {
        let (from, to) = (&module.files[from], &module.files[to]);
        if room(to) == "commands" && !may(from) {
            found.push(format!("{} -> {} by {name}", from.path, to.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The rooms of `src/`, each above those that it may import.
const LAYERS: [&[&str]; 12] = [
    &["error", "clock", "spec"],
    &["reply", "settings"],
    &["options", "ffi"],
    &["counters", "work"],
    &["types"],
    &["cache"],
    &["cluster"],
    &["models"],
    &["assessments"],
    &["jobs"],
    &["report"],
    &["commands"],
];

/// Files that may import from a higher layer, each with the reason.
const BACK: [(&str, &[&str], &str); 3] = [
    ("types/model/callbacks.rs", &["models"], "the server calls the callbacks of a type, and they act on models"),
    ("types/entry/callbacks.rs", &["cache"], "the same for entries, and for the tiers in an RDB file"),
    ("types/value.rs", &["models"], "a model's value owns the state of its derivation"),
];

#[test]
fn rooms_of_the_module_are_layers() {
    let module = module();
    let layer = |file: &SourceFile| {
        LAYERS
            .iter()
            .position(|rooms| rooms.contains(&room(file)))
            .unwrap_or_else(|| panic!("{} is in no layer", file.path))
    };
    let mut found = Vec::new();
    for ((from, to), name) in arrows::of(&module) {
        let (from, to) = (&module.files[from], &module.files[to]);
        if room(from) == "lib" || room(from) == room(to) {
            continue;
        }
        let may = BACK.iter().any(|(file, rooms, _)| from.path.ends_with(file) && rooms.contains(&room(to)));
        if layer(to) >= layer(from) && !may {
            found.push(format!("{} -> {} by {name}", from.path, to.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn search_depends_on_no_kind_of_model() {
    let engine = engine();
    for ((from, to), name) in arrows::of(&engine) {
        let (from, to) = (&engine.files[from], &engine.files[to]);
        let is_kind = matches!(room(to), "io" | "score" | "origin" | "model");
        assert!(room(from) != "search" || !is_kind, "{} -> {} by {name}", from.path, to.path);
    }
}

#[test]
fn the_engine_does_not_depend_on_redis() {
    use syn::visit::Visit;

    #[derive(Default)]
    struct Names(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_ident(&mut self, name: &'ast syn::Ident) {
            self.0.insert(name.to_string());
        }
    }
    for file in &engine().files {
        let mut names = Names::default();
        names.visit_file(&file.syntax);
        let redis: Vec<_> = names.0.iter().filter(|name| name.to_lowercase().starts_with("redis")).collect();
        assert!(redis.is_empty(), "{}: {redis:?}", file.path);
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("engine/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    assert!(!manifest.lines().any(|line| line.trim_start_matches('"').starts_with("redis")), "a dependency on Redis");
}

#[test]
fn rooms_and_the_arrows_between_them_are_counted() {
    for (name, parsed) in [("engine/src", engine()), ("src", module())] {
        let rooms: BTreeSet<&str> = parsed.files.iter().map(room).collect();
        let between: BTreeSet<(&str, &str)> = arrows::of(&parsed)
            .into_keys()
            .map(|(from, to)| (room(&parsed.files[from]), room(&parsed.files[to])))
            .filter(|(from, to)| from != to && *from != "lib")
            .collect();
        println!("{name}: {} files, {} rooms, {} arrows", parsed.files.len(), rooms.len(), between.len());
        for from in rooms {
            let to: Vec<&str> = between.iter().filter(|(room, _)| *room == from).map(|&(_, to)| to).collect();
            println!("  {from} -> {}", to.join(" "));
        }
    }
}
