//! The table of docs/security.md: which users may run which form of a command.

use std::path::Path;

/// The outcome that the table states for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Run,
    /// The error is `NOPERM`.
    NotRun,
    /// The command is internal: an error for every user.
    Refused,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The command, and the words that make the form.
    pub(super) form: String,
    /// For the users of [`USERS`].
    pub(super) may: [May; USERS.len()],
}

/// The users of the columns, by the rules for their keys. `KEY` stands for each key of the command.
pub(super) const USERS: [&str; 5] = ["~unrelated", "%R~KEY", "%W~KEY", "~KEY", "~*"];

impl Row {
    pub(super) fn command(&self) -> &str {
        self.form.split(' ').next().unwrap_or_default()
    }
}

/// Reads the generated part of the page.
pub(super) fn read() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let page = std::fs::read_to_string(path).expect("docs/security.md");
    let (_, generated) = page.split_once("<!-- generated -->").expect("a generated part");
    let (generated, _) = generated.split_once("<!-- /generated -->").expect("its end");
    let mut lines = generated.trim().lines();
    let head: Vec<&str> = cells(lines.next().expect("a head"));
    assert_eq!(head, ["command", "another key", "`%R~key`", "`%W~key`", "`~key`", "`~*`"], "see USERS");
    lines.skip(1).map(row).collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn row(line: &str) -> Row {
    let cells = cells(line);
    let may = cells[1..].iter().map(|cell| match *cell {
        "yes" => May::Run,
        "`NOPERM`" => May::NotRun,
        "refused" => May::Refused,
        other => panic!("{line}: {other}"),
    });
    let may = may.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}: not a cell for each user"));
    Row { form: cells[0].trim_matches('`').to_owned(), may }
}
