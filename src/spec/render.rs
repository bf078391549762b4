//! Texts generated from the tables: syntax lines and `HELP`. The generated documents are in `documents`.

#[cfg(test)]
mod documents;

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

/// The reply of `MODEL.HELP` and its like: syntax and description alternately.
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

/// An argument without its token and without the notation for repetition.
fn body(arg: &Arg) -> String {
    match arg.kind {
        ArgKind::PureToken => arg.token.unwrap_or(arg.name).to_owned(),
        ArgKind::Block => joined(arg.args, " "),
        // `[EX s | PX ms]`: the brackets of an optional choice already group it.
        ArgKind::OneOf if arg.optional && !arg.multiple && arg.token.is_none() => joined(arg.args, " | "),
        ArgKind::OneOf => format!("<{}>", joined(arg.args, " | ")),
        _ => arg.name.to_owned(),
    }
}

fn joined(args: &[Arg], separator: &str) -> String {
    args.iter().map(argument).collect::<Vec<_>>().join(separator)
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
            (Arg::one_of("when", &CHOICE), "<EX seconds | KEEPTTL>"),
            (Arg::one_of("when", &CHOICE).optional(), "[EX seconds | KEEPTTL]"),
            (Arg::one_of("when", &CHOICE).after("WHEN").optional(), "[WHEN <EX seconds | KEEPTTL>]"),
        ];
        for (arg, expected) in cases {
            assert_eq!(argument(&arg), expected);
        }
    }

    #[test]
    fn help_alternates_syntax_and_description_and_hides_internal_commands() {
        for family in [Family::Model, Family::Assess, Family::Tier, Family::Cache, Family::Job] {
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
}
