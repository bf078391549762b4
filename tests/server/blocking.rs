//! Where a client may not wait, and what happens to clients that wait.

use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// Commands that reply immediately from a ready model, also in transactions and scripts.
const QUERIES: [&str; 7] = [
    "ASSESS.GET icio USA C10",
    "ASSESS.MGET icio 2 USA C10 CHN C10",
    "ASSESS.KEY icio USA C10",
    "ASSESS.RANK icio",
    "MODEL.COEF icio USA C10 USA C10",
    "MODEL.MCOEF icio 1 USA C10 USA C10",
    "MODEL.LABELS icio REGIONS",
];

/// Calls a command from a script; the model is its key.
fn from_script(client: &mut Client, eval: &str, command: &str) -> Reply {
    let words: Vec<String> = command.split(' ').map(|word| format!("'{word}'")).collect();
    client.call(&[eval, &format!("return redis.call({})", words.join(",")), "1", "icio"])
}

fn in_transaction(client: &mut Client, command: &str) -> Reply {
    let mut replies = client.pipeline(&["MULTI", command, "EXEC"]);
    let done = replies.pop().expect("the reply of EXEC");
    done.array()[0].clone()
}

#[test]
fn queries_are_answered_in_transactions_and_scripts() {
    let (_server, mut client) = Server::with_mini(&[]);
    for command in QUERIES {
        let alone = client.ask(command).good();
        assert_eq!(in_transaction(&mut client, command), alone, "{command} in MULTI");
        for eval in ["EVAL", "EVAL_RO"] {
            assert_eq!(from_script(&mut client, eval, command), alone, "{command} by {eval}");
        }
    }
}

#[test]
fn models_are_listed_in_a_transaction_and_in_a_script() {
    let (_server, mut client) = Server::with_mini(&[]);
    assert_eq!(in_transaction(&mut client, "MODEL.LIST").texts(), ["icio"]);
    assert_eq!(from_script(&mut client, "EVAL", "MODEL.LIST").texts(), ["icio"]);
}

#[test]
fn a_miss_is_computed_in_a_transaction_and_in_a_script_and_cached_afterwards() {
    let (_server, mut client) = Server::with_mini(&[]);
    let in_multi = in_transaction(&mut client, "ASSESS.GET icio USA C10").good();
    let in_script = from_script(&mut client, "EVAL_RO", "ASSESS.GET icio CHN C10").good();
    for (subject, document) in [("icio USA C10", in_multi), ("icio CHN C10", in_script)] {
        let key = client.key_of(subject);
        client.await_key(&key);
        assert_eq!(client.call(&["GET", &key]), document);
    }
}

#[test]
fn commands_that_would_wait_reply_busy_in_transactions_and_scripts() {
    let (server, mut client) = Server::with_mini(&[]);
    let version = client.model("icio")["version"].clone();
    let loads = ["MODEL.LOAD icio IO FILE mini.csv", &format!("MODEL.SET icio IO {}", mini::TABLE.replace('\n', ";"))];
    for command in loads {
        assert_eq!(in_transaction(&mut client, command).code(), "BUSY", "{command}");
        assert_eq!(from_script(&mut client, "EVAL", command).code(), "BUSY", "{command}");
    }
    assert_eq!(client.model("icio")["version"], version);
    assert!(server.log().lines().all(|line| !line.contains("panicked")));
}

#[test]
fn an_indicator_in_a_transaction_is_set_or_refused_as_a_whole() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("MULTI").good();
    client.call(&["MODEL.INDICATOR", "icio", "second", "DATA", mini::RISK, "BY", "region"]).good();
    let done = client.ask("EXEC").array()[0].clone();
    let indicators = client.ask("MODEL.LABELS icio INDICATORS").texts();
    if done == Reply::ok() {
        assert_eq!(indicators, ["risk", "second", "output"]);
    } else {
        assert_eq!(done.code(), "BUSY");
        assert_eq!(indicators, ["risk", "output"]);
    }
}

#[test]
fn queries_wait_for_a_model_that_is_deriving_and_are_then_answered() {
    let server = Server::with(&["assess.default-wait-ms 600000"]);
    server.with_wide_tables(|| {
        server.catch_deriving("wide")?;
        // Several connections query the model while it derives; its coefficients are already available.
        let mut waiting: Vec<Client> = (0..5).map(|_| server.client()).collect();
        waiting.iter_mut().for_each(|client| client.send_line("ASSESS.GET wide R00 S0"));
        let coefficient = server.client().ask("MODEL.COEF wide R00 S0 R01 S0").double();
        assert!(coefficient > 0.0);
        let seen = server.is_deriving("wide");
        let documents: Vec<Reply> = waiting.iter_mut().map(|client| client.receive().good()).collect();
        assert!(documents.iter().all(|document| document == &documents[0]));
        parsed(documents[0].bytes());
        seen.then_some(())
    });
}

#[test]
fn a_query_that_may_not_wait_gets_not_ready_from_a_deriving_model() {
    let server = Server::with(&["assess.default-wait-ms 0"]);
    let mut client = server.client();
    server.with_wide_tables(|| {
        server.catch_deriving("wide")?;
        let replies = [
            client.ask("ASSESS.GET wide R00 S0"),
            in_transaction(&mut client, "ASSESS.GET wide R00 S0"),
            from_script(&mut client, "EVAL_RO", "ASSESS.GET wide R00 S0"),
            client.ask("ASSESS.RANK wide"),
        ];
        if !server.is_deriving("wide") {
            return None;
        }
        for reply in replies {
            assert_eq!(reply.code(), "NOTREADY", "{reply:?}");
            assert!(reply.error().contains('%'), "{reply:?} does not state the progress");
        }
        Some(())
    });
    client.await_ready("wide");
    client.assess("wide R00 S0");
}

#[test]
fn a_client_that_is_killed_while_it_loads_does_not_cancel_the_load() {
    let server = Server::start();
    let mut client = server.client();
    server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        client.ask(&format!("CLIENT KILL ID {}", running.id)).good();
        assert!(running.client.try_receive().is_err(), "the connection is closed without a reply");
        Some(())
    });
    wait_until("the load has committed", || client.exists("wide"));
    client.await_ready("wide");
    client.assess("wide R00 S0");
}

#[test]
fn abort_ends_a_load_and_leaves_no_key() {
    let server = Server::start();
    let mut client = server.client();
    let reply = server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        // The load may have ended before the command.
        if client.ask("MODEL.ABORT wide") != Reply::ok() {
            return None;
        }
        Some(running.client.receive())
    });
    assert!(reply.is_error(), "{reply:?}");
    assert!(!client.exists("wide"));
    assert_eq!(client.ask("MODEL.INFO wide").code(), "NOMODEL");
    assert_eq!(client.ask("MODEL.LIST").array(), []);
    // The key is free for another load.
    client.call(&["MODEL.SET", "wide", "IO", mini::TABLE]).good();
}

#[test]
fn a_key_that_is_loading_accepts_no_second_load() {
    let server = Server::start();
    let mut client = server.client();
    server.write("mini.csv", mini::TABLE);
    server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        let second = client.ask("MODEL.LOAD wide IO FILE mini.csv");
        let first = running.client.receive().good();
        assert_eq!(first.map()["kind"].text(), "io");
        if !second.is_error() {
            // The first load had ended by then.
            return None;
        }
        assert_eq!(second.code(), "BUSY");
        Some(())
    });
    assert!(client.model_number("wide", "nodes") > 4);
}

#[test]
fn a_client_that_is_unblocked_can_send_further_commands() {
    let server = Server::with(&["assess.default-wait-ms 600000"]);
    for how in ["TIMEOUT", "ERROR"] {
        server.with_wide_tables(|| {
            server.catch_deriving("wide")?;
            let mut waiting = server.client();
            let id = waiting.id();
            waiting.send_line("ASSESS.GET wide R00 S0");
            if !server.await_blocked(id) {
                return None;
            }
            let unblocked = server.client().ask(&format!("CLIENT UNBLOCK {id} {how}"));
            let reply = waiting.receive();
            if unblocked != Reply::Integer(1) {
                return None;
            }
            assert!(["NOTREADY", "UNBLOCKED"].contains(&reply.code()), "{how}: {reply:?}");
            // The client can go on, and it gets no second reply.
            assert_eq!(waiting.ask("PING"), Reply::Simple("PONG".to_owned()));
            waiting.ask("ASSESS.GET wide R00 S0").good();
            assert_eq!(waiting.ask("ECHO end").text(), "end");
            Some(())
        });
    }
}

#[test]
fn clients_that_disconnect_while_they_wait_are_forgotten() {
    let server = Server::with(&["assess.default-wait-ms 600000"]);
    server.with_wide_tables(|| {
        server.catch_deriving("wide")?;
        let mut waiting: Vec<Client> = (0..20).map(|_| server.client()).collect();
        waiting.iter_mut().for_each(|client| client.send_line("ASSESS.GET wide R00 S0"));
        let seen = server.is_deriving("wide");
        drop(waiting);
        seen.then_some(())
    });
    let mut client = server.client();
    client.await_ready("wide");
    wait_until("no client is blocked", || client.info_number("clients", "blocked_clients") == 0);
    let total = number(&client.assess("wide R00 S0"), "/total");
    assert_close("the answer stays the same", number(&client.assess("wide R00 S0"), "/total"), total);
}

#[test]
fn deleting_a_model_while_it_derives_leaves_no_client_waiting() {
    let server = Server::with(&["assess.default-wait-ms 600000"]);
    server.with_wide_tables(|| {
        server.catch_deriving("wide")?;
        let mut waiting = server.client();
        let id = waiting.id();
        waiting.send_line("ASSESS.GET wide R00 S0");
        if !server.await_blocked(id) {
            return None;
        }
        server.client().ask("DEL wide").good();
        let reply = waiting.receive();
        // The client was answered before the deletion, or gets an error after it.
        assert!(!reply.is_error() || ["NOMODEL", "NOTREADY"].contains(&reply.code()), "{reply:?}");
        reply.is_error().then_some(())
    });
}
