//! Tests of the documents: their examples run, the targets of their links exist, and README is short.
//!
//! Examples are fenced blocks of these languages:
//!
//! - `redis`: lines that begin with `> ` are commands. The lines below a command are its reply as redis-cli prints it.
//!   `...` matches any text, a JSON document may be shown without quotes, and a token of a lease matches the token that
//!   the server returned.
//! - `python` and `js`: all blocks of a document together are one script.
//! - `conf`: a server starts with these lines.
//! - `sh`: runs in a copy of `samples/`, unless the fence is `sh no-run`.
//!
//! `<!-- run: COMMAND -->` is a command that readers do not see. Blocks of other languages do not run. Each document
//! has its own server, which is empty at first.

mod blocks;
mod examples;
mod links;
mod matching;
mod programs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files directly in a folder of the repository, or the file itself, as paths in the repository.
fn documents(place: &str) -> BTreeSet<String> {
    if place.ends_with(".md") {
        return BTreeSet::from([place.to_owned()]);
    }
    let Ok(entries) = std::fs::read_dir(root().join(place)) else { return BTreeSet::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    names.filter(|name| name.ends_with(".md")).map(|name| format!("{place}/{name}")).collect()
}

/// A folder of the repository and every folder below it.
fn folders(place: &str) -> Vec<String> {
    let mut folders = vec![place.to_owned()];
    let mut at = 0;
    while at < folders.len() {
        for entry in
            std::fs::read_dir(root().join(&folders[at])).expect("a folder").map(|entry| entry.expect("an entry"))
        {
            if entry.file_type().expect("a kind").is_dir() {
                folders.push(format!("{}/{}", folders[at], entry.file_name().to_string_lossy()));
            }
        }
        at += 1;
    }
    folders
}

fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// One test for each file or folder with examples.
macro_rules! examples {
    ($($(#[$attribute:meta])* $test:ident: $place:literal,)*) => {
        const PLACES: &[&str] = &[$($place),*];

        $(
            $(#[$attribute])*
            #[test]
            fn $test() {
                let documents = documents($place);
                let failures = documents.iter().flat_map(|document| examples::failures(root(), document));
                assert_none(&failures.collect::<Vec<_>>());
            }
        )*
    };
}

examples! {
        examples_of_readme: "README.md",
    examples_of_python_package: "clients/python/README.md",
    examples_of_guides: "docs",
    examples_of_models: "docs/models",
    examples_of_cache: "docs/cache",
    examples_of_commands: "docs/commands",
    examples_of_decisions: "docs/decisions",
    examples_of_the_node_package: "clients/node/README.md",
}

#[test]
fn the_examples_of_every_document_are_tested() {
    for folder in folders("docs") {
        let tested = PLACES.contains(&folder.as_str());
        assert!(
            tested || documents(&folder).is_empty(),
            "no test runs the examples of {folder}: add it to `examples!`"
        );
    }
}

#[test]
fn a_wrong_example_fails_with_document_line_expectation_and_reply() {
    let text = "# Title\n\n```redis\n> SET a 1\nOK\n> GET a\n\"2\"\n```\n\n```\n```\n<!-- run: NONSENSE -->\n\
                ```sh\ntest -f mini.csv\nredis-cli NONSENSE\n```\n```conf\nnonsense yes\n```\n```sh no-run\nfalse\n```\n";
    let failures = examples::failures_of(root(), "a.md", text);
    let begins = [
        "a.md:10: the fence names no language",
        "a.md:6: > GET a\nexpected: \"2\"\ngot: \"1\"",
        "a.md:12: > NONSENSE\nexpected: no error\ngot: (error) ERR unknown command",
        "a.md:14: exit status: 1\n",
        "a.md:18: the server does not start: ",
    ];
    assert_eq!(failures.len(), begins.len(), "{failures:#?}");
    for (failure, begin) in failures.iter().zip(begins) {
        assert!(failure.starts_with(begin), "{failure}");
    }
}

#[test]
fn right_examples_pass() {
    let text = "<!-- run: SET greeting 'good morning' -->\n```redis\n> GET greeting\n\"good morning\"\n\
                > CACHE.FETCH page:1\n1) \"lease\"\n2) \"9f86d081884c7d65\"\n3) (integer) 5000\n\
                > CACHE.FILL page:1 9f86d081884c7d65 '{\"a\":1}' TTL 60\nOK\n> CACHE.GET page:1\n{\"a\": 1}\n```\n\
                ```sh\ntest -f mini.csv\nredis-cli GET greeting | grep -q morning\n```\n\
                ```conf\nloadmodule /x.so TIER hs PATTERN hs:* TTL 60\nmaxmemory 1gb\n```\n\
                ```python\nimport redis\nclient = redis.Redis(decode_responses=True)\n```\n\
                ```python\nassert client.get('greeting') == 'good morning'\n```\n\
                ```js\nimport { createClient } from 'redis';\nconst client = await createClient().connect();\n\
                if (await client.get('greeting') !== 'good morning') throw new Error('wrong');\n```\n";
    assert_none(&examples::failures_of(root(), "right.md", text));
}

#[test]
fn the_message_of_a_script_names_the_line_of_the_document() {
    let text = "# Title\n\n```python\nimport redis\n```\n\ntext\n```python\nredis.Redis().nonsense()\n```\n";
    let failures = examples::failures_of(root(), "script.md", text);
    // Without redis-py no script runs, so that there are no failures.
    assert!(failures.iter().all(|failure| failure.contains("line 9")), "{failures:?}");
}

/// All documents for readers.
fn all_documents() -> Vec<String> {
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "samples/README.md", "fuzz/README.md"];
    let folders = ["clients", "docs", "examples", "scripts"].iter().flat_map(|place| folders(place));
    top.map(str::to_owned).into_iter().chain(folders.flat_map(|folder| documents(&folder))).collect()
}

#[test]
fn the_file_and_the_heading_of_every_relative_link_exist() {
    let broken = all_documents().iter().flat_map(|document| links::broken(root(), document)).collect::<Vec<_>>();
    assert_none(&broken);
}

#[test]
fn readme_has_at_most_1500_words() {
    let path: PathBuf = root().join("README.md");
    let words = std::fs::read_to_string(path).expect("README.md").split_whitespace().count();
    assert!(words <= 1500, "README.md has {words} words");
}
