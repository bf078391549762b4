//! The tables in words: syntax lines, `HELP`, and the tables of README.md.

use super::{Arg, ArgKind, COMMANDS, Command, Family};

/// The syntax of a command in the notation of the Redis documentation: `MODEL.LIST [pattern]`.
pub(crate) fn syntax(command: &Command) -> String {
    let mut line = String::from(command.name);
    for arg in command.args {
        line.push(' ');
        line.push_str(&argument(arg));
    }
    line
}

/// The reply of `MODEL.HELP` and its like: syntax and description by turns.
pub(crate) fn help(family: Family) -> Vec<String> {
    COMMANDS
        .iter()
        .filter(|command| command.group == family && !command.internal)
        .flat_map(|command| [syntax(command), format!("    {}. Reply: {}.", command.summary, command.reply)])
        .collect()
}

fn argument(arg: &Arg) -> String {
    let body = body(arg);
    let token = arg.token.filter(|_| arg.kind != ArgKind::PureToken);
    let mut text = match token {
        Some(token) => format!("{token} {body}"),
        None => body.clone(),
    };
    if arg.multiple {
        let again = if arg.multiple_token { text.clone() } else { body };
        text.push_str(&format!(" [{again} ...]"));
    }
    if arg.optional { format!("[{text}]") } else { text }
}

/// An argument without its token and without what says how often it may stand.
fn body(arg: &Arg) -> String {
    match arg.kind {
        ArgKind::PureToken => arg.token.unwrap_or(arg.name).to_owned(),
        ArgKind::Block => joined(arg.args, " "),
        // `[EX s | PX ms]`: the brackets around an optional choice already hold it together.
        ArgKind::OneOf if arg.optional && !arg.multiple && arg.token.is_none() => joined(arg.args, " | "),
        ArgKind::OneOf => format!("<{}>", joined(arg.args, " | ")),
        _ => arg.name.to_owned(),
    }
}

fn joined(args: &[Arg], separator: &str) -> String {
    args.iter().map(argument).collect::<Vec<_>>().join(separator)
}

/// README.md: only the tests write and check it, the module does not carry it.
#[cfg(test)]
pub(crate) mod readme {
    use super::super::configuration::{Kind, PARAMETERS};
    use super::{COMMANDS, syntax};

    /// The text with every generated part brought up to date, or the name of a marker that is missing.
    pub(crate) fn updated(readme: &str) -> Result<String, &'static str> {
        let readme = replaced(readme, "commands", &commands())?;
        replaced(&readme, "configuration", &configuration())
    }

    /// Puts `content` between `<!-- name -->` and `<!-- /name -->`.
    pub(crate) fn replaced(text: &str, name: &'static str, content: &str) -> Result<String, &'static str> {
        let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
        let (before, rest) = text.split_once(&open).ok_or(name)?;
        let (_, after) = rest.split_once(&close).ok_or(name)?;
        Ok(format!("{before}{open}\n{content}{close}{after}"))
    }

    pub(crate) fn commands() -> String {
        let mut table = String::from("| command | does | complexity | reply |\n| --- | --- | --- | --- |\n");
        for command in COMMANDS.iter().filter(|command| !command.internal) {
            table.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                cell(&syntax(command)),
                cell(command.summary),
                cell(command.complexity),
                cell(command.reply)
            ));
        }
        table
    }

    pub(crate) fn configuration() -> String {
        let mut table = String::from("| parameter | default | range | is |\n| --- | --- | --- | --- |\n");
        for parameter in PARAMETERS {
            let (default, range) = match parameter.kind {
                Kind::Number { min, max, default, memory } => {
                    // The largest number there is means no limit.
                    let max = if max == i64::MAX { String::new() } else { number(max, memory) };
                    (number(default, memory), format!("{}..{max}", number(min, memory)))
                }
                Kind::Text { default: "" } => (String::from("(empty)"), String::from("text")),
                Kind::Text { default } => (default.to_owned(), String::from("text")),
                Kind::Bool { default } => (String::from(if default { "yes" } else { "no" }), String::from("yes, no")),
            };
            let note = if parameter.protected { ". Protected: see `enable-protected-configs`" } else { "" };
            table.push_str(&format!(
                "| `assess.{}` | {default} | {range} | {}{note} |\n",
                parameter.name,
                cell(parameter.summary)
            ));
        }
        table
    }

    /// Bytes in the largest unit that divides them, in the server's spelling, which counts in 1024s.
    fn number(value: i64, memory: bool) -> String {
        const UNITS: [(i64, &str); 3] = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
        match UNITS.iter().find(|(unit, _)| memory && value != 0 && value % unit == 0) {
            Some((unit, name)) => format!("{}{name}", value / unit),
            None => value.to_string(),
        }
    }

    /// A bar ends a table's cell even inside a code span.
    fn cell(text: &str) -> String {
        text.replace('|', "\\|")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_in_the_notation_of_the_redis_documentation() {
        const PAIR: [Arg; 2] = [Arg::string("region"), Arg::string("sector")];
        const CHOICE: [Arg; 2] = [Arg::integer("seconds").after("EX"), Arg::token("keepttl", "KEEPTTL")];
        let cases = [
            (Arg::key("key", 0), "key"),
            (Arg::pattern("pattern").optional(), "[pattern]"),
            (Arg::integer("layers").after("LAYERS").optional(), "[LAYERS layers]"),
            (Arg::token("keep", "KEEP").optional(), "[KEEP]"),
            (Arg::block("subject", &PAIR).multiple(), "region sector [region sector ...]"),
            (Arg::string("tag").after("TAG").multiple(), "TAG tag [tag ...]"),
            (Arg::string("key").after("KEY").multiple_with_token().optional(), "[KEY key [KEY key ...]]"),
            (Arg::one_of("life", &CHOICE), "<EX seconds | KEEPTTL>"),
            (Arg::one_of("life", &CHOICE).optional(), "[EX seconds | KEEPTTL]"),
            (Arg::one_of("life", &CHOICE).after("LIFE").optional(), "[LIFE <EX seconds | KEEPTTL>]"),
        ];
        for (arg, expected) in cases {
            assert_eq!(argument(&arg), expected);
        }
    }

    #[test]
    fn help_takes_syntax_and_description_by_turns_and_hides_internal_commands() {
        for family in [Family::Model, Family::Assess, Family::Tier, Family::Cache] {
            let lines = help(family);
            assert!(lines.len() >= 10 && lines.len().is_multiple_of(2));
            for pair in lines.chunks(2) {
                assert!(pair[0].starts_with(family.name()) && pair[1].starts_with("    "), "{pair:?}");
            }
            assert!(!lines.iter().any(|line| line.contains("REPLAY")));
            // Simple strings on the wire: one line each.
            assert!(lines.iter().all(|line| line.is_ascii() && !line.contains(['\r', '\n', '\0'])));
        }
    }

    #[test]
    fn text_between_markers_is_replaced_and_the_rest_is_kept() {
        let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb";
        assert_eq!(readme::replaced(text, "x", "new\n").as_deref(), Ok("a\n<!-- x -->\nnew\n<!-- /x -->\nb"));
        assert_eq!(readme::replaced(text, "y", "new\n"), Err("y"));
        assert_eq!(readme::replaced("<!-- x --> no end", "x", "new\n"), Err("x"));
    }

    /// `UPDATE_README=1 cargo test readme` writes it.
    #[test]
    fn readme_agrees_with_the_tables() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let present = std::fs::read_to_string(&path).expect("README.md can be read");
        let expected = readme::updated(&present).expect("README.md has every marker");
        if std::env::var_os("UPDATE_README").is_some_and(|value| value == "1") {
            std::fs::write(&path, expected).expect("README.md can be written");
        } else {
            assert!(present == expected, "README.md is behind the tables: run `UPDATE_README=1 cargo test readme`");
        }
    }
}
