//! The documents that are generated from the tables: a page for each command, the list of all commands, the parameters,
//! the states of a job, the permissions that commands need.
//!
//! `UPDATE_DOCS=1 cargo test --lib documents` writes them. Without it the test fails when a document is not current.
//! The text between the markers is generated. The rest of a document is written by hand and kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use assess_engine::jobs::{State, TRANSITIONS};

use super::super::configuration::{Kind, PARAMETERS, Parameter};
use super::super::permissions::{self, Needs, USERS};
use super::super::{Find, KeyFlags, KeySpec};
use super::{Arg, ArgKind, COMMANDS, Command, Family, argument, syntax};

const OPEN: &str = "<!-- generated -->";
const CLOSE: &str = "<!-- /generated -->";

/// Columns of a syntax line in a page.
const WIDTH: usize = 100;

const FAMILIES: [(Family, &str); 5] = [
    (Family::Model, "Models: load, describe, search, remove"),
    (Family::Assess, "Assessments, computed through the cache"),
    (Family::Tier, "Tiers: policies over key patterns"),
    (Family::Cache, "Cache: entries, leases, invalidation, statistics"),
    (Family::Job, "Queues of jobs: submit, run, follow, schedule"),
];

/// Commands that have a page.
fn documented() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().copied().filter(|command| !command.internal)
}

/// The name of a command's page in `docs/commands`.
fn page_name(command: &Command) -> String {
    format!("{}.md", command.name.to_lowercase())
}

/// The generated part of a command's page.
fn page(command: &Command) -> String {
    let mut text = format!("```text\n{}\n```\n\n{}.\n\n", wrapped(command), command.summary);
    text.push_str("| property | value |\n| --- | --- |\n");
    let mut row = |name: &str, value: &str| text.push_str(&format!("| {name} | {} |\n", cell(value)));
    row("family", command.group.name());
    row("since", command.since);
    row("complexity", command.complexity);
    row("reply", command.reply);
    row("keys", &keys(command));
    row("flags", &codes(command.flags.split(' '), ""));
    row("ACL categories", &codes(command.acl.split(' '), "@"));
    if !command.tips.is_empty() {
        row("command tips", &codes(command.tips.iter().copied(), ""));
    }
    if !command.args.is_empty() {
        text.push_str("\n## Arguments\n\n| argument | token | type | optional | multiple | meaning |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- |\n");
        arguments(command.args, "", &mut text);
    }
    text
}

/// The syntax in lines of at most [`WIDTH`] columns, broken between arguments.
fn wrapped(command: &Command) -> String {
    let mut text = String::from(command.name);
    let mut column = text.len();
    for argument in command.args.iter().map(argument) {
        if column + 1 + argument.len() > WIDTH {
            text.push_str("\n   ");
            column = 3;
        }
        text.push(' ');
        text.push_str(&argument);
        column += 1 + argument.len();
    }
    text
}

/// A row for each argument, members of a group and alternatives below it.
fn arguments(args: &[Arg], group: &str, text: &mut String) {
    for arg in args {
        let name = format!("{group}{}", arg.name);
        let token = arg.token.map(|token| format!("`{token}`")).unwrap_or_default();
        let multiple = match (arg.multiple, arg.multiple_token) {
            (true, true) => "yes, with its token",
            (true, false) => "yes",
            _ => "",
        };
        text.push_str(&format!(
            "| `{name}` | {token} | {} | {} | {multiple} | {} |\n",
            kind(arg.kind),
            if arg.optional { "yes" } else { "" },
            cell(arg.summary.unwrap_or_default())
        ));
        arguments(arg.args, &format!("{name}."), text);
    }
}

fn kind(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::String => "string",
        ArgKind::Integer => "integer",
        ArgKind::Double => "double",
        ArgKind::Key(_) => "key",
        ArgKind::Pattern => "pattern",
        ArgKind::UnixTime => "Unix time",
        ArgKind::PureToken => "token",
        ArgKind::OneOf => "one of",
        ArgKind::Block => "group",
    }
}

/// The positions of the keys and the access to them.
fn keys(command: &Command) -> String {
    let each = command.keys.iter().map(|key| format!("{}; access {}", positions(key), access(key.flags)));
    let text = each.collect::<Vec<_>>().join(". ");
    if text.is_empty() { String::from("none") } else { text }
}

fn positions(key: &KeySpec) -> String {
    let begin = key.begin;
    match key.find {
        Find::Range { last: 0, .. } => format!("argument {begin}"),
        Find::Range { last, step } => {
            let end = if last < 0 { String::from("the last") } else { (begin + last).to_string() };
            let step = if step == 1 { String::new() } else { format!(", every {step}") };
            format!("arguments {begin} to {end}{step}")
        }
        Find::Count { step } => {
            format!("argument {begin} is their number, from argument {} on, every {step}", begin + 1)
        }
    }
}

fn access(flags: KeyFlags) -> String {
    let names = [
        (KeyFlags::RO, "RO"),
        (KeyFlags::RW, "RW"),
        (KeyFlags::OW, "OW"),
        (KeyFlags::RM, "RM"),
        (KeyFlags::ACCESS, "ACCESS"),
        (KeyFlags::UPDATE, "UPDATE"),
        (KeyFlags::INSERT, "INSERT"),
        (KeyFlags::DELETE, "DELETE"),
        (KeyFlags::INCOMPLETE, "INCOMPLETE"),
    ];
    codes(names.iter().filter(|(flag, _)| flags.bits() & flag.bits() != 0).map(|(_, name)| *name), "")
}

fn codes<'a>(words: impl Iterator<Item = &'a str>, prefix: &str) -> String {
    words.map(|word| format!("`{prefix}{word}`")).collect::<Vec<_>>().join(" ")
}

/// The generated part of the list of commands.
fn list() -> String {
    let mut text = String::new();
    for (family, title) in FAMILIES {
        text.push_str(&format!(
            "## {}\n\n{title}.\n\n| command | does | complexity |\n| --- | --- | --- |\n",
            family.name()
        ));
        for command in documented().filter(|command| command.group == family) {
            text.push_str(&format!(
                "| [`{}`]({}) | {} | {} |\n",
                command.name,
                page_name(command),
                cell(command.summary),
                cell(command.complexity)
            ));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The generated part of the list of parameters.
fn parameters() -> String {
    let mut text = String::from("| parameter | default | range | meaning |\n| --- | --- | --- | --- |\n");
    for parameter in PARAMETERS {
        let (default, range) = default_and_range(parameter);
        let note = if parameter.protected { ". Protected: see `enable-protected-configs`" } else { "" };
        let summary = cell(parameter.summary);
        text.push_str(&format!("| `assess.{}` | {default} | {range} | {summary}{note} |\n", parameter.name));
    }
    text
}

fn default_and_range(parameter: &Parameter) -> (String, String) {
    match parameter.kind {
        Kind::Number { min, max, default, memory } => {
            // The largest integer means no limit.
            let max = if max == i64::MAX { String::new() } else { number(max, memory) };
            (number(default, memory), format!("{}..{max}", number(min, memory)))
        }
        Kind::Text { default: "" } => (String::from("(empty)"), String::from("text")),
        Kind::Text { default } => (default.to_owned(), String::from("text")),
        Kind::Bool { default } => (String::from(if default { "yes" } else { "no" }), String::from("yes, no")),
    }
}

/// Bytes in the largest unit that divides them, with the units of the server (1 kb is 1024 bytes).
fn number(value: i64, memory: bool) -> String {
    const UNITS: [(i64, &str); 3] = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
    match UNITS.iter().find(|(unit, _)| memory && value != 0 && value % unit == 0) {
        Some((unit, name)) => format!("{}{name}", value / unit),
        None => value.to_string(),
    }
}

/// Escapes bars, which end a cell of a table even inside a code span.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The document with its generated part replaced. A document without markers gets its title and the markers first.
fn updated(present: &str, title: &str, generated: &str) -> String {
    let (before, after) = match present.split_once(OPEN) {
        Some((before, rest)) => (before.to_owned(), rest.split_once(CLOSE).map_or("\n", |(_, after)| after)),
        None => (format!("# {title}\n\n"), if present.is_empty() { "\n" } else { present }),
    };
    format!("{before}{OPEN}\n{generated}{CLOSE}{after}")
}

/// Every generated document: path below `docs`, title, generated part.
fn documents() -> Vec<(PathBuf, String, String)> {
    let commands = Path::new("commands");
    let mut documents: Vec<_> = documented()
        .map(|command| (commands.join(page_name(command)), command.name.to_owned(), page(command)))
        .collect();
    documents.push((commands.join("README.md"), String::from("Commands"), list()));
    documents.push((PathBuf::from("configuration.md"), String::from("Configuration"), parameters()));
    documents.push((PathBuf::from("jobs.md"), String::from("Queues of jobs"), states_of_jobs()));
    documents.push((PathBuf::from("security.md"), String::from("Security"), permissions_of_commands()));
    documents
}

/// The generated part of the page about security: which of the users may run which form of a command.
fn permissions_of_commands() -> String {
    let mut text = format!("| command | {} |\n| --- |{}\n", USERS.join(" | "), " --- |".repeat(USERS.len()));
    for command in COMMANDS {
        for (words, needs) in permissions::forms(command) {
            let name = [command.name, words].join(" ");
            let cell = |may: bool| match (may, needs) {
                (true, _) => "yes",
                (false, Needs::Refused) => "refused",
                (false, _) => "`NOPERM`",
            };
            text.push_str(&format!("| `{}` | {} |\n", name.trim_end(), needs.allows().map(cell).join(" | ")));
        }
    }
    text
}

/// The generated part of the page about jobs: the transitions between states, as a diagram and as a table.
fn states_of_jobs() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> pending: JOB.SUBMIT\n");
    text.push_str("    [*] --> delayed: JOB.SUBMIT DELAY, AT\n");
    for (from, event, to) in TRANSITIONS {
        text.push_str(&format!("    {} --> {}: {}\n", from.name(), to.name(), event.name()));
    }
    for state in State::ALL.into_iter().filter(|state| state.is_ended()) {
        text.push_str(&format!("    {} --> [*]: TTL, JOB.PURGE\n", state.name()));
    }
    text.push_str("```\n\n| from | event | to |\n| --- | --- | --- |\n");
    for (from, event, to) in TRANSITIONS {
        text.push_str(&format!("| `{}` | {} | `{}` |\n", from.name(), event.name(), to.name()));
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

#[test]
fn generated_documents_are_current() {
    let update = env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    let mut behind = Vec::new();
    for (name, title, generated) in documents() {
        let path = folder().join(&name);
        let present = fs::read_to_string(&path).unwrap_or_default();
        let expected = updated(&present, &title, &generated);
        if present == expected {
            continue;
        }
        if update {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the documents");
            fs::write(&path, expected).expect("a document can be written");
        } else {
            behind.push(name);
        }
    }
    assert!(behind.is_empty(), "run `UPDATE_DOCS=1 cargo test --lib documents`, not current: {behind:?}");
}

#[test]
fn every_page_has_an_example() {
    for command in documented() {
        let page = fs::read_to_string(folder().join("commands").join(page_name(command))).unwrap_or_default();
        let (_, written) = page.split_once(CLOSE).unwrap_or_else(|| panic!("{} has no page", command.name));
        let (_, example) =
            written.split_once("\n## Example").unwrap_or_else(|| panic!("{} has no example", command.name));
        assert!(example.contains("\n```redis\n"), "{}: the example has no redis block", command.name);
        // The command's own name, not a longer one that begins with it.
        assert!(example.contains(&format!("> {}", command.name)), "{}: the example does not use it", command.name);
    }
}

#[test]
fn no_page_describes_a_command_that_does_not_exist() {
    let expected: BTreeSet<String> = documented().map(page_name).chain([String::from("README.md")]).collect();
    let pages = fs::read_dir(folder().join("commands")).expect("docs/commands");
    for page in pages.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")) {
        assert!(expected.contains(&page), "docs/commands/{page} describes no command");
    }
}

#[test]
fn the_part_written_by_hand_is_kept() {
    let new = updated("", "A.B", "one\n");
    assert_eq!(new, format!("# A.B\n\n{OPEN}\none\n{CLOSE}\n"));
    let written = format!("{new}\n## Example\n");
    assert_eq!(updated(&written, "A.B", "two\n"), format!("# A.B\n\n{OPEN}\ntwo\n{CLOSE}\n\n## Example\n"));
    assert_eq!(updated("text\n", "A.B", "one\n"), format!("# A.B\n\n{OPEN}\none\n{CLOSE}text\n"));
}

#[test]
fn long_syntax_is_broken_between_arguments() {
    for command in documented() {
        let wrapped = wrapped(command);
        assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>().join(" "), syntax(command));
        let longest = command.args.iter().map(|arg| argument(arg).len()).max().unwrap_or_default();
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH.max(longest + 4)), "{wrapped}");
    }
}

#[test]
fn positions_of_keys_are_written_in_words() {
    let key = |begin, find| KeySpec { flags: KeyFlags::RW.and(KeyFlags::UPDATE), begin, find };
    for (key, expected) in [
        (key(1, Find::Range { last: 0, step: 1 }), "argument 1"),
        (key(1, Find::Range { last: -1, step: 1 }), "arguments 1 to the last"),
        (key(2, Find::Range { last: 4, step: 2 }), "arguments 2 to 6, every 2"),
        (key(1, Find::Count { step: 2 }), "argument 1 is their number, from argument 2 on, every 2"),
    ] {
        assert_eq!(positions(&key), expected);
    }
    assert_eq!(access(KeyFlags::RW.and(KeyFlags::UPDATE)), "`RW` `UPDATE`");
}
