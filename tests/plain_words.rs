//! The phrases in the left column of `docs/plain-words.md` do not occur in any other file of the repository.

use std::fs;
use std::path::Path;

/// Folders without texts of this project: build results and installed packages.
const SKIPPED_FOLDERS: [&str; 6] = [".git", ".venv", "__pycache__", "node_modules", "proptest-regressions", "target"];

/// The document that lists the phrases.
const TABLE: &str = "docs/plain-words.md";

/// Extensions of the files that are searched. Scripts have no extension.
const KINDS: [&str; 8] = ["rs", "md", "py", "mjs", "toml", "sh", "redis", "conf"];

/// Markers at the beginning of a line of a comment or of a quotation.
const MARKERS: [&str; 6] = ["///", "//!", "//", "#", "*", ">"];

/// The left column of the table, in lower case.
fn phrases(document: &str) -> Vec<String> {
    let rows = document.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    rows.map(|cell| cell.trim().to_lowercase())
        .filter(|cell| !cell.is_empty() && cell != "instead of" && !cell.starts_with("---"))
        .collect()
}

/// A word of a file: in lower case, without punctuation, with its line. An empty word is a separator: no phrase
/// contains it.
#[derive(Debug, PartialEq)]
struct Word {
    text: String,
    line: usize,
}

/// The words of a file. Markers at the beginning of lines are left out, so that a comment of several lines is one text.
/// Letters, digits, underscores and apostrophes are parts of words, so that a part of an identifier is not a word.
/// Empty lines and punctuation are separators.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        let mut push = |text: String| words.push(Word { text, line: line_number });
        let content = without_marker(line);
        if content.is_empty() {
            push(String::new());
        }
        let mut word = String::new();
        for letter in content.chars().chain([' ']) {
            if letter.is_alphanumeric() || matches!(letter, '_' | '\'') {
                word.extend(letter.to_lowercase());
                continue;
            }
            // Apostrophes around a word are quotes.
            let complete = word.trim_matches('\'').to_owned();
            if !complete.is_empty() {
                push(complete);
            }
            word.clear();
            if !letter.is_whitespace() {
                push(String::new());
            }
        }
    }
    words
}

/// The line without surrounding white space, without the marker of a comment, and without the backslash that continues
/// a string literal on the next line.
fn without_marker(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_suffix('\\').unwrap_or(line).trim_end();
    let marker = MARKERS.iter().find(|&&marker| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    });
    marker.map_or(line, |marker| line[marker.len()..].trim_start())
}

/// The phrases in a text: the line on which each begins, and the phrase.
fn hits<'a>(text: &str, phrases: &'a [Vec<Word>]) -> Vec<(usize, &'a [Word])> {
    let words = words(text);
    let mut hits = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for phrase in phrases {
            let found = words.get(at..at + phrase.len());
            if found.is_some_and(|found| found.iter().zip(phrase).all(|(found, wanted)| found.text == wanted.text)) {
                hits.push((word.line, phrase.as_slice()));
            }
        }
    }
    hits
}

fn shown(phrase: &[Word]) -> String {
    phrase.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether the file is searched: it has one of the extensions, or it is a script, which has no extension and begins
/// with `#!`.
fn is_text(path: &Path) -> bool {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => KINDS.contains(&extension),
        None => fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!")),
    }
}

/// Hits in every file of a folder, as `path:line: phrase`.
fn search(root: &Path, folder: &Path, phrases: &[Vec<Word>], report: &mut Vec<String>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
        if path.is_symlink() || name == TABLE {
            continue;
        }
        if path.is_dir() {
            let last = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !SKIPPED_FOLDERS.contains(&last) {
                search(root, &path, phrases, report);
            }
        } else if is_text(&path) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            report
                .extend(hits(&text, phrases).iter().map(|(line, phrase)| format!("{name}:{line}: {}", shown(phrase))));
        }
    }
}

#[test]
fn no_phrase_of_the_table_occurs_in_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join(TABLE)).expect("the table of phrases");
    let phrases: Vec<Vec<Word>> = phrases(&table).iter().map(|phrase| words(phrase)).collect();
    let mut report = Vec::new();
    search(root, root, &phrases, &mut report);
    assert!(report.is_empty(), "{} hits, see {TABLE}\n{}", report.len(), report.join("\n"));
}

#[test]
fn every_phrase_of_the_table_can_be_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let phrases = phrases(&fs::read_to_string(root.join(TABLE)).expect("the table of phrases"));
    assert!(phrases.len() >= 40, "{} phrases", phrases.len());
    for phrase in phrases {
        let words = words(&phrase);
        assert!(!words.is_empty() && words.iter().all(|word| !word.text.is_empty()), "{phrase:?} could never be found");
    }
}

#[test]
fn the_left_column_of_the_table_is_read() {
    let table = "text\n\n| instead of | write |\n| --- | --- |\n| Lazy Dog | a cat |\n| fox's | private |\n";
    assert_eq!(phrases(table), ["lazy dog", "fox's"]);
}

fn found(text: &str, phrase: &str) -> Vec<usize> {
    hits(text, &[words(phrase)]).iter().map(|(line, _)| *line).collect()
}

#[test]
fn a_phrase_is_found_in_any_case_and_across_lines_of_a_comment() {
    for (text, line) in [
        ("one\nLazy dog?", 2),
        ("/// the very lazy\n/// dog here", 1),
        ("    //! lazy\n    //! dog", 1),
        ("x = 1  # lazy\n# dog", 1),
        ("some text lazy\ndog for it", 1),
        ("let text = \"a lazy \\\n    dog\";", 1),
        ("(lazy  dog)", 1),
        ("> lazy\n> dog", 1),
        ("print('lazy dog')", 1),
    ] {
        assert_eq!(found(text, "lazy dog"), [line], "{text}");
    }
    assert_eq!(found("a fox of Foxes, FOX", "fox"), [1, 1]);
    assert_eq!(found("mod fox;\nuse fox::Fox;", "fox"), [1, 2, 2]);
    assert_eq!(found("fox's", "fox's"), [1]);
}

#[test]
fn a_part_of_a_word_and_words_of_two_sentences_are_not_a_phrase() {
    for text in ["lazydog lazy dogma", "a_lazy dog_b", "lazy_dog", "lazy. dog", "lazy\n\ndog", "// lazy\n//\n// dog"] {
        assert_eq!(found(text, "lazy dog"), [] as [usize; 0], "{text}");
    }
    assert_eq!(found("fox's", "fox"), [] as [usize; 0]);
    assert_eq!(found("// lazy\nlet dog = 1;", "lazy dog"), [] as [usize; 0]);
}
