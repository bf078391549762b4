//! Rules that every row of the tables must satisfy.

use std::collections::HashSet;

use super::configuration::{Kind, PARAMETERS};
use super::*;

/// The flags that `RM_CreateCommand` of Redis 7.0 accepts. It refuses a command with another flag.
const FLAGS: &[&str] = &[
    "write",
    "readonly",
    "admin",
    "deny-oom",
    "deny-script",
    "allow-loading",
    "pubsub",
    "random",
    "allow-stale",
    "no-monitor",
    "no-slowlog",
    "fast",
    "getkeys-api",
    "no-cluster",
    "no-auth",
    "may-replicate",
    "no-mandatory-keys",
    "blocking",
    "allow-busy",
];

/// The fewest words of an argument, 0 if it is optional.
fn fewest(arg: &Arg) -> i32 {
    if arg.optional { 0 } else { words(arg) }
}

/// The fewest words of an argument that is given.
fn words(arg: &Arg) -> i32 {
    let token = i32::from(arg.token.is_some() && arg.kind != ArgKind::PureToken);
    token
        + match arg.kind {
            ArgKind::Block => arg.args.iter().map(fewest).sum(),
            ArgKind::OneOf => arg.args.iter().map(fewest).min().unwrap_or(0),
            _ => 1,
        }
}

/// Whether an argument always has the same number of words.
fn fixed(arg: &Arg) -> bool {
    !arg.optional
        && !arg.multiple
        && arg.args.iter().all(fixed)
        && (arg.kind != ArgKind::OneOf || arg.args.iter().all(|one| fewest(one) == fewest(&arg.args[0])))
}

fn arity(args: &[Arg]) -> i32 {
    let least = 1 + args.iter().map(fewest).sum::<i32>();
    if args.iter().all(fixed) { least } else { -least }
}

fn each_argument(args: &'static [Arg], visit: &mut impl FnMut(&'static Arg)) {
    for arg in args {
        visit(arg);
        each_argument(arg.args, visit);
    }
}

fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|entry| entry == word)
}

#[test]
fn names_are_unique_upper_case_and_begin_with_their_family() {
    let mut names = HashSet::new();
    for command in COMMANDS {
        assert!(names.insert(command.name), "{} exists twice", command.name);
        let (family, verb) = command.name.split_once('.').expect("a name has a dot");
        assert_eq!(family, command.group.name());
        assert!(!verb.is_empty() && verb.bytes().all(|b| b.is_ascii_uppercase()), "{}", command.name);
    }
}

#[test]
fn every_command_is_documented_in_one_line_of_ascii_each() {
    for command in COMMANDS {
        for text in [command.summary, command.since, command.complexity, command.reply] {
            assert!(!text.is_empty() && text.is_ascii(), "{}: {text:?}", command.name);
            assert!(!text.contains(['\0', '\r', '\n']) && !text.contains("  "), "{}: {text:?}", command.name);
            assert!(!text.ends_with('.'), "{}: {text:?}: the period is added where the text is shown", command.name);
        }
    }
}

#[test]
fn arity_agrees_with_the_arguments() {
    for command in COMMANDS {
        assert_eq!(command.arity, arity(command.args), "{}", command.name);
    }
}

#[test]
fn flags_are_known_to_the_server_and_do_not_contradict_each_other() {
    for command in COMMANDS {
        for flag in command.flags.split(' ') {
            assert!(FLAGS.contains(&flag), "{}: {flag:?}", command.name);
        }
        let (write, readonly) = (has(command.flags, "write"), has(command.flags, "readonly"));
        assert!(!(write && readonly), "{}", command.name);
        assert!(!has(command.flags, "deny-oom") || write, "{}", command.name);
        assert!(!(has(command.flags, "fast") && has(command.flags, "blocking")), "{}", command.name);
    }
}

/// Explicit categories replace those that the server derives, so the table must list them too.
#[test]
fn acl_categories_agree_with_the_flags_and_the_key_specs() {
    for command in COMMANDS {
        let changes = |key: &KeySpec| key.flags.bits() & !KeyFlags::RO.and(KeyFlags::ACCESS).bits() != 0;
        let expected = [
            (ACL_CATEGORY, true),
            ("read", has(command.flags, "readonly")),
            ("write", has(command.flags, "write") || command.keys.iter().any(changes)),
            ("fast", has(command.flags, "fast")),
            ("slow", !has(command.flags, "fast")),
            ("blocking", has(command.flags, "blocking")),
            ("admin", has(command.flags, "admin")),
            ("dangerous", has(command.flags, "admin")),
        ];
        for (category, wanted) in expected {
            assert_eq!(has(command.acl, category), wanted, "{}: {category}", command.name);
        }
        let known = |word| expected.iter().any(|(category, _)| *category == word);
        assert!(command.acl.split(' ').all(known), "{}: {:?}", command.name, command.acl);
    }
}

/// `RM_SetCommandInfo` refuses other arguments, with only a line in the log.
#[test]
fn arguments_satisfy_the_rules_of_the_server() {
    for command in COMMANDS {
        each_argument(command.args, &mut |arg| {
            let place = format!("{} {}", command.name, arg.name);
            let group = matches!(arg.kind, ArgKind::OneOf | ArgKind::Block);
            assert_eq!(group, !arg.args.is_empty(), "{place}");
            assert!(arg.kind != ArgKind::PureToken || arg.token.is_some(), "{place}");
            assert!(!arg.multiple_token || (arg.multiple && arg.token.is_some()), "{place}");
            assert!(arg.kind != ArgKind::OneOf || arg.args.iter().all(|one| !one.optional), "{place}");
            for text in [Some(arg.name), arg.token, arg.summary].into_iter().flatten() {
                assert!(!text.is_empty() && text.is_ascii() && !text.contains(['\0', '\r', '\n']), "{place}");
            }
        });
    }
}

#[test]
fn every_key_argument_is_at_the_position_of_its_key_spec() {
    for command in COMMANDS {
        let mut described = HashSet::new();
        each_argument(command.args, &mut |arg| {
            if let ArgKind::Key(index) = arg.kind {
                assert!(index < command.keys.len(), "{} {}", command.name, arg.name);
                described.insert(index);
            }
        });
        assert_eq!(described.len(), command.keys.len(), "{}: a key spec without an argument", command.name);

        let mut position = 1;
        for arg in command.args {
            if let ArgKind::Key(index) = arg.kind {
                let key = &command.keys[index];
                let token = i32::from(arg.token.is_some());
                assert_eq!(key.begin, position + token, "{} {}", command.name, arg.name);
                let several = matches!(key.find, Find::Range { last, .. } if last != 0);
                assert_eq!(arg.multiple, several, "{} {}", command.name, arg.name);
            }
            if !fixed(arg) {
                break;
            }
            position += fewest(arg);
        }
    }
}

/// A key spec with a count begins at the count. A block as long as the step follows, and its first argument is a key.
#[test]
fn counted_keys_follow_their_count() {
    for command in COMMANDS {
        for key in command.keys {
            let Find::Count { step } = key.find else { continue };
            let place = command.args.iter().position(|arg| arg.kind == ArgKind::Integer).expect("a count");
            assert_eq!(key.begin as usize, place + 1, "{}", command.name);
            let block = &command.args[place + 1];
            assert!(block.multiple && block.args.len() == step as usize, "{}", command.name);
            assert!(matches!(block.args[0].kind, ArgKind::Key(_)), "{}", command.name);
        }
    }
}

#[test]
fn key_specs_have_one_access_and_at_most_one_change() {
    for key in COMMANDS.iter().flat_map(|command| command.keys) {
        let access = KeyFlags::RO.and(KeyFlags::RW).and(KeyFlags::OW).and(KeyFlags::RM);
        let change = KeyFlags::UPDATE.and(KeyFlags::INSERT).and(KeyFlags::DELETE);
        assert_eq!((key.flags.bits() & access.bits()).count_ones(), 1);
        assert!((key.flags.bits() & change.bits()).count_ones() <= 1);
        let (Find::Range { step, .. } | Find::Count { step }) = key.find;
        assert!(key.begin >= 1 && step >= 1);
    }
}

#[test]
fn the_key_range_counts_from_the_start_or_from_the_end() {
    const NONE: &[KeySpec] = &[];
    const FIRST: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO)];
    const THREE: &[KeySpec] = &[KeySpec { flags: KeyFlags::RO, begin: 2, find: Find::Range { last: 2, step: 1 } }];
    const TO_THE_END: &[KeySpec] =
        &[KeySpec { flags: KeyFlags::RO, begin: 2, find: Find::Range { last: -1, step: 2 } }];
    const COUNTED: &[KeySpec] = &[KeySpec { flags: KeyFlags::RO, begin: 1, find: Find::Count { step: 2 } }];
    let cases =
        [(NONE, (0, 0, 0)), (FIRST, (1, 1, 1)), (THREE, (2, 4, 1)), (TO_THE_END, (2, -1, 2)), (COUNTED, (0, 0, 0))];
    for (keys, expected) in cases {
        assert_eq!(Command { keys, ..model::HELP }.key_range(), expected);
    }
}

#[test]
fn parameters_have_unique_names_and_defaults_within_their_range() {
    let mut names = HashSet::new();
    for parameter in PARAMETERS {
        let name = parameter.name;
        assert!(names.insert(name), "{name} exists twice");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(!parameter.summary.is_empty() && !parameter.summary.ends_with('.'), "{name}");
        if let Kind::Number { min, max, default, .. } = parameter.kind {
            assert!(min <= default && default <= max, "{name}");
        }
    }
}
