//! Every command of the module as each kind of user, compared with the table of docs/security.md. A command without a
//! row in the table or without an example here fails the test.

use std::collections::BTreeSet;

use super::table::{self, May, Row, USERS};
use crate::harness::{Client, Reply, Server};

/// A command line for each form of the table, the keys that it names, and the code of its reply to a user who may run
/// it: `-` for no error, `*` for any reply but `NOPERM`, since it depends on what ran before.
const EXAMPLES: &[(&str, &str, &str, &str)] = &[
    ("MODEL.LOAD", "icio", "-", "MODEL.LOAD icio IO FILE mini.csv"),
    ("MODEL.SET", "icio", "BADFILE", "MODEL.SET icio IO x"),
    ("MODEL.ABORT", "icio", "ERR", "MODEL.ABORT icio"),
    ("MODEL.INDICATOR", "icio", "-", "MODEL.INDICATOR icio risk DATA {\"USA\":1,\"CHN\":2} BY region"),
    ("MODEL.INDICATORDEL", "icio", "-", "MODEL.INDICATORDEL icio absent"),
    ("MODEL.INFO", "icio", "-", "MODEL.INFO icio"),
    ("MODEL.LABELS", "icio", "-", "MODEL.LABELS icio REGIONS"),
    ("MODEL.LIST", "icio", "-", "MODEL.LIST"),
    ("MODEL.COEF", "icio", "-", "MODEL.COEF icio USA C10 USA C10"),
    ("MODEL.MCOEF", "icio", "-", "MODEL.MCOEF icio 1 USA C10 USA C10"),
    ("MODEL.HS", "icio", "*", "MODEL.HS icio 10"),
    ("MODEL.RULES", "icio", "*", "MODEL.RULES icio"),
    ("MODEL.FIND", "icio", "-", "MODEL.FIND icio C10"),
    ("MODEL.DROP", "icio", "*", "MODEL.DROP icio agreement"),
    ("MODEL.HELP", "icio", "-", "MODEL.HELP"),
    ("MODEL.REPLAY", "icio", "ERR", "MODEL.REPLAY icio op"),
    ("ASSESS.GET", "icio", "-", "ASSESS.GET icio USA C10"),
    ("ASSESS.MGET", "icio", "-", "ASSESS.MGET icio 1 USA C10"),
    ("ASSESS.WARM", "icio", "-", "ASSESS.WARM icio LIST 1 USA C10"),
    ("ASSESS.KEY", "icio", "-", "ASSESS.KEY icio USA C10"),
    ("ASSESS.BATCH", "icio", "*", "ASSESS.BATCH icio 1 [{}]"),
    ("ASSESS.HISTORY", "icio", "ERR", "ASSESS.HISTORY icio"),
    ("ASSESS.RANK", "icio", "-", "ASSESS.RANK icio"),
    ("ASSESS.WHATIF", "icio", "-", "ASSESS.WHATIF icio USA C10 EXTRACT CHN C10"),
    ("ASSESS.DEPENDENTS", "icio", "-", "ASSESS.DEPENDENTS icio USA C10"),
    ("ASSESS.PROFILE", "icio", "-", "ASSESS.PROFILE icio USA C10"),
    ("ASSESS.COMPARE", "icio other", "-", "ASSESS.COMPARE icio other USA C10"),
    ("ASSESS.FOOTPRINT", "icio", "-", "ASSESS.FOOTPRINT icio REGION USA"),
    ("ASSESS.HELP", "icio", "-", "ASSESS.HELP"),
    ("TIER.SET", "k1", "-", "TIER.SET new PATTERN new:* TTL 60"),
    ("TIER.DEL", "k1", "-", "TIER.DEL new"),
    ("TIER.LIST", "k1", "-", "TIER.LIST"),
    ("TIER.INFO", "k1", "-", "TIER.INFO t"),
    ("TIER.HELP", "k1", "-", "TIER.HELP"),
    ("CACHE.GET", "k1", "-", "CACHE.GET k1"),
    ("CACHE.MGET", "k1 k2", "-", "CACHE.MGET k1 k2"),
    ("CACHE.SET", "k1", "-", "CACHE.SET k1 w"),
    ("CACHE.MSET", "k1 k2", "-", "CACHE.MSET 2 k1 w k2 w"),
    ("CACHE.FETCH", "k1", "-", "CACHE.FETCH k1"),
    ("CACHE.FILL", "k1", "LEASELOST", "CACHE.FILL k1 0000000000000001 w"),
    ("CACHE.RENEW", "k1", "LEASELOST", "CACHE.RENEW k1 0000000000000001 5"),
    ("CACHE.FAIL", "k1", "LEASELOST", "CACHE.FAIL k1 0000000000000001 reason"),
    ("CACHE.INVALIDATE KEY", "k1 k2", "-", "CACHE.INVALIDATE KEY k1 KEY k2"),
    ("CACHE.INVALIDATE MODEL", "icio other", "-", "CACHE.INVALIDATE MODEL icio MODEL other"),
    ("CACHE.INVALIDATE PATTERN", "k1", "-", "CACHE.INVALIDATE PATTERN k1"),
    ("CACHE.INVALIDATE TAG", "k1", "-", "CACHE.INVALIDATE KEY k1 TAG red"),
    ("CACHE.INVALIDATE TIER", "k1", "-", "CACHE.INVALIDATE TIER t"),
    ("CACHE.INVALIDATE ALL", "k1", "-", "CACHE.INVALIDATE ALL"),
    ("CACHE.TTL", "k1", "-", "CACHE.TTL k1"),
    ("CACHE.STATS", "k1", "-", "CACHE.STATS"),
    ("CACHE.STATS RESET", "k1", "-", "CACHE.STATS RESET"),
    ("CACHE.METRICS", "k1", "-", "CACHE.METRICS"),
    ("CACHE.HOT", "k1", "-", "CACHE.HOT t"),
    ("CACHE.HEALTH", "k1", "-", "CACHE.HEALTH"),
    ("CACHE.EXPORT", "k1", "-", "CACHE.EXPORT PATTERN *"),
    ("CACHE.HELP", "k1", "-", "CACHE.HELP"),
    ("CACHE.REPLAY", "k1", "ERR", "CACHE.REPLAY k1 op"),
    ("JOB.SUBMIT", "q", "-", "JOB.SUBMIT q t p"),
    ("JOB.SUBMIT import", "q", "*", "JOB.SUBMIT q import p"),
    ("JOB.SUBMITMANY", "q", "-", "JOB.SUBMITMANY q 1 t p"),
    ("JOB.SUBMITMANY import", "q", "*", "JOB.SUBMITMANY q 2 t p import p"),
    ("JOB.CLAIM", "q", "-", "JOB.CLAIM q 1 t BLOCK 1"),
    ("JOB.HEARTBEAT", "q", "LEASELOST", "JOB.HEARTBEAT q a 0000000000000001"),
    ("JOB.COMPLETE", "q", "LEASELOST", "JOB.COMPLETE q a 0000000000000001 r"),
    ("JOB.FAIL", "q", "LEASELOST", "JOB.FAIL q a 0000000000000001 e"),
    ("JOB.CANCEL", "q", "*", "JOB.CANCEL q a"),
    ("JOB.RETRY", "q", "*", "JOB.RETRY q a"),
    ("JOB.STATUS", "q", "-", "JOB.STATUS q a"),
    ("JOB.WAIT", "q", "-", "JOB.WAIT q a BLOCK 1"),
    ("JOB.LIST", "q", "-", "JOB.LIST q"),
    ("JOB.INFO", "q", "-", "JOB.INFO q"),
    ("JOB.CONFIG", "q", "-", "JOB.CONFIG q MAXJOBS 0"),
    ("JOB.PAUSE", "q", "-", "JOB.PAUSE q"),
    ("JOB.RESUME", "q", "-", "JOB.RESUME q"),
    ("JOB.PURGE", "q", "-", "JOB.PURGE q completed"),
    ("JOB.SCHEDULE", "q", "-", "JOB.SCHEDULE q s EVERY 1000000 t p"),
    ("JOB.SCHEDULE import", "q", "*", "JOB.SCHEDULE q s EVERY 1000000 import p"),
    ("JOB.UNSCHEDULE", "q", "-", "JOB.UNSCHEDULE q s"),
    ("JOB.SCHEDULES", "q", "-", "JOB.SCHEDULES q"),
    ("JOB.HELP", "q", "-", "JOB.HELP"),
    ("JOB.REPLAY", "q", "ERR", "JOB.REPLAY q x"),
];

/// The keys, the expected code and the line of a form.
fn example(row: &Row) -> (Vec<&'static str>, &'static str, &'static str) {
    let found = EXAMPLES.iter().find(|(form, ..)| *form == row.form);
    let (_, keys, code, line) = found.unwrap_or_else(|| panic!("{} has no example in this test", row.form));
    (keys.split(' ').collect(), code, line)
}

/// Two models, a tier with two entries, a queue with a job; and a client whose user gets its rules later.
fn served() -> (Server, Client, Client) {
    let (server, mut admin) = Server::with_mini(&["assess.default-wait-ms 600000"]);
    server.load_mini(&mut admin, "other");
    admin.ask("TIER.SET t PATTERN k* TTL 1000").good();
    admin.ask("ACL SETUSER limited reset on nopass +@all").good();
    let mut limited = server.client();
    limited.ask("AUTH limited any").good();
    (server, admin, limited)
}

/// What a command of the last user may have removed.
fn restore(admin: &mut Client) {
    admin.ask("CACHE.MSET 2 k1 v k2 v TAGS 1 red").good();
    admin.ask("JOB.SUBMIT q t p ID a UNIQUE active").good();
}

/// Gives the user these rules for each of the keys.
fn permit(admin: &mut Client, rule: &str, keys: &[&str]) {
    let rules: Vec<String> = keys.iter().map(|key| rule.replace("KEY", key)).collect();
    admin.ask(&format!("ACL SETUSER limited resetkeys {}", rules.join(" "))).good();
}

/// What a refused command must not change.
fn state(admin: &mut Client) -> [Reply; 5] {
    let leases = admin.ask("CACHE.STATS").good().map()["leases"].clone();
    [admin.ask("DEBUG DIGEST"), admin.ask("DBSIZE"), admin.ask("TIER.LIST"), admin.ask("MODEL.LIST"), leases]
}

/// Asserts that a command is refused with `NOPERM`, alone, in a transaction and in a script, and changes nothing.
#[track_caller]
fn assert_refused(admin: &mut Client, limited: &mut Client, line: &str, user: &str) {
    let before = state(admin);
    let refused = limited.ask(line);
    assert_eq!(refused.code(), "NOPERM", "{line} as {user}: {refused:?}");
    let replies = limited.pipeline(&["MULTI", line, "EXEC"]);
    // The server refuses what it knows from the keys when it queues the command, the module what it checks itself.
    let queued = replies[1].code() == "NOPERM";
    assert!(queued || replies[2].array()[0].code() == "NOPERM", "{line} as {user}: {replies:?}");
    let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let script = format!("return redis.call({})", words.join(","));
    let refused = limited.call(&["EVAL", &script, "0"]);
    // Before 7.2, a refusal by the server itself has another code inside a script.
    assert!(["NOPERM", "ERR"].contains(&refused.code()), "{script} as {user}: {refused:?}");
    let said = ["NOPERM", "ermission", "can't access"];
    assert!(said.iter().any(|said| refused.error().contains(said)), "{script} as {user}: {refused:?}");
    assert_eq!(state(admin), before, "{line} as {user} has changed something");
}

#[test]
fn every_command_has_a_row_in_the_table() {
    let server = Server::start();
    let listed = server.client().ask("COMMAND LIST FILTERBY MODULE assess").texts();
    let listed: BTreeSet<String> = listed.iter().map(|name| name.to_uppercase()).collect();
    let rows = table::read();
    let described: BTreeSet<String> = rows.iter().map(|row| row.command().to_owned()).collect();
    assert_eq!(listed, described);
    let forms: BTreeSet<&str> = rows.iter().map(|row| row.form.as_str()).collect();
    assert_eq!(forms.len(), rows.len(), "a form has two rows");
    let examples: BTreeSet<&str> = EXAMPLES.iter().map(|(form, ..)| *form).collect();
    assert_eq!(forms, examples);
}

#[test]
fn each_user_is_refused_what_the_table_says_and_nothing_changes() {
    let (_server, mut admin, mut limited) = served();
    restore(&mut admin);
    for row in table::read() {
        let (keys, _, line) = example(&row);
        for (user, may) in USERS.iter().zip(row.may) {
            permit(&mut admin, user, &keys);
            match may {
                May::NotRun => assert_refused(&mut admin, &mut limited, line, user),
                May::Refused => {
                    let before = state(&mut admin);
                    assert!(limited.ask(line).is_error(), "{line} as {user}");
                    let replies = limited.pipeline(&["MULTI", line, "EXEC"]);
                    assert!(replies[1].is_error() || replies[2].array()[0].is_error(), "{line} as {user}");
                    assert_eq!(state(&mut admin), before, "{line} as {user} has changed something");
                }
                May::Run => {}
            }
        }
    }
}

#[test]
fn each_user_may_run_what_the_table_says() {
    let (_server, mut admin, mut limited) = served();
    for row in table::read() {
        let (keys, code, line) = example(&row);
        for (user, _) in USERS.iter().zip(row.may).filter(|(_, may)| *may == May::Run) {
            restore(&mut admin);
            permit(&mut admin, user, &keys);
            let reply = limited.ask(line);
            match code {
                "-" => assert!(!reply.is_error(), "{line} as {user}: {reply:?}"),
                "*" => assert_ne!(reply.code(), "NOPERM", "{line} as {user}: {reply:?}"),
                code => assert_eq!(reply.code(), code, "{line} as {user}: {reply:?}"),
            }
        }
    }
}

#[test]
fn a_command_of_several_keys_needs_the_permission_for_each() {
    let (_server, mut admin, mut limited) = served();
    restore(&mut admin);
    let mut several = 0;
    for row in table::read() {
        let (keys, _, line) = example(&row);
        for without in keys.iter().filter(|_| keys.len() > 1) {
            let rest: Vec<&str> = keys.iter().filter(|key| *key != without).copied().collect();
            permit(&mut admin, "~KEY", &rest);
            assert_refused(&mut admin, &mut limited, line, &format!("a user without {without}"));
            several += 1;
        }
    }
    assert_eq!(several, 10, "COMPARE, MGET, MSET, INVALIDATE KEY and MODEL");
}

#[test]
fn the_server_knows_the_keys_of_every_command_that_has_key_specs() {
    let (_server, mut admin, _) = served();
    for row in table::read() {
        let (keys, _, line) = example(&row);
        let specs = admin.ask(&format!("COMMAND INFO {}", row.command())).array()[0].array()[8].clone();
        if !specs.array().is_empty() {
            assert_eq!(admin.ask(&format!("COMMAND GETKEYS {line}")).texts(), keys, "{line}");
            assert_eq!(admin.ask(&format!("COMMAND GETKEYSANDFLAGS {line}")).array().len(), keys.len(), "{line}");
        }
    }
}
