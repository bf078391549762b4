//! One version everywhere: in Cargo.toml, in the changelog, and in the commands.

use std::fs;
use std::path::Path;
use std::process::Command;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file of the repository")
}

fn parts(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().expect("a number")).collect()
}

/// The releases of the changelog with their dates, the newest first.
fn releases() -> Vec<(String, String)> {
    let changelog = read("CHANGELOG.md");
    let heads = changelog.lines().filter_map(|line| line.strip_prefix("## ["));
    let mut releases: Vec<(String, String)> = heads
        .filter_map(|head| {
            let (version, rest) = head.split_once(']').expect("a version in brackets");
            (version != "Unreleased").then(|| (version.to_owned(), rest.trim_start_matches(" - ").to_owned()))
        })
        .collect();
    assert!(changelog.contains("\n## [Unreleased]\n"), "changes need a place");
    let newest_first = releases.is_sorted_by(|a, b| parts(&a.0) > parts(&b.0));
    assert!(newest_first && !releases.is_empty(), "{releases:?}");
    releases.truncate(2);
    releases
}

#[test]
fn the_newest_release_of_the_changelog_is_this_version_and_has_a_date() {
    let (version, date) = releases().remove(0);
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let numbers: Vec<&str> = date.split('-').collect();
    assert_eq!(numbers.iter().map(|number| number.len()).collect::<Vec<_>>(), [4, 2, 2], "{date}");
    let fuzz = read("fuzz/Cargo.toml");
    assert!(fuzz.contains(&format!("version = \"{version}\"")), "fuzz/Cargo.toml has another version");
    let python = read("clients/python/redis_assess/__init__.py");
    assert!(python.contains(&format!("\n__version__ = \"{version}\"\n")), "clients/python has another version");
    let node = read("clients/node/package.json");
    assert!(node.contains(&format!("\"version\": \"{version}\"")), "clients/node/package.json has another version");
}

/// A tag of this version is only on a commit whose files have it; a checkout without tags has none to check.
#[test]
fn a_tag_of_this_commit_names_this_version() {
    let tags =
        Command::new("git").args(["tag", "--points-at", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let Ok(tags) = tags else { return };
    for tag in String::from_utf8_lossy(&tags.stdout).lines().filter(|tag| tag.starts_with('v')) {
        assert_eq!(tag, format!("v{}", env!("CARGO_PKG_VERSION")));
    }
}

/// `since` in the pages of the commands is generated from the command table.
#[test]
fn no_command_is_newer_than_this_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands");
    let mut pages = 0;
    for page in fs::read_dir(folder).expect("the pages of the commands") {
        let page = page.expect("a file").path();
        let text = fs::read_to_string(&page).expect("a page");
        let Some(since) = text.lines().find_map(|line| line.strip_prefix("| since | ")) else { continue };
        let since = since.trim_end_matches(" |");
        assert!(parts(since) <= parts(env!("CARGO_PKG_VERSION")), "{}: {since}", page.display());
        pages += 1;
    }
    assert!(pages > 60, "{pages}");
}
