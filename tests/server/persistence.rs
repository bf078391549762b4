//! Restarts: a saved model is there again, ready and equal, and cached assessments are still hits.

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// The state that a restart must not change.
fn state(client: &mut Client) -> (Vec<String>, Vec<String>) {
    let info = client.model("icio");
    let fields = ["kind", "version", "digest", "nodes", "precision", "leontief", "output", "source"]
        .map(|field| format!("{field}={:?}", info[field]))
        .to_vec();
    (fields, client.ask("MODEL.LABELS icio INDICATORS").texts())
}

/// Caches an answer, lets `interrupt` restart the server, and asserts that the state is the same as before.
fn assert_survives(server: &mut Server, interrupt: impl FnOnce(&mut Server)) {
    let mut client = server.client();
    let key = client.cached("icio USA C10");
    let document = client.call(&["GET", &key]);
    let before = state(&mut client);
    let digest = client.ask("DEBUG DIGEST-VALUE icio");

    interrupt(server);

    let mut client = server.client();
    client.await_ready("icio");
    assert_eq!(state(&mut client), before);
    assert_eq!(client.ask("DEBUG DIGEST-VALUE icio"), digest);
    let hits = client.model_number("icio", "hits");
    assert_eq!(client.ask("ASSESS.GET icio USA C10").good(), document);
    assert_eq!(client.model_number("icio", "hits"), hits + 1, "the cached entry is still a hit");
    assert_close("computed again", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    assert_eq!(client.ask("MODEL.LIST").texts(), ["icio"]);
    // The next change has a later version than all changes before it.
    let version = client.model_number("icio", "version");
    client.call(&["MODEL.INDICATOR", "icio", "more", "DATA", mini::RISK, "BY", "region"]).good();
    assert!(client.model_number("icio", "version") > version);
    client.await_removed(&key);
}

#[test]
fn a_model_survives_a_restart_from_an_rdb_file() {
    let (mut server, _) = Server::with_mini(&[]);
    assert_survives(&mut server, Server::restart_saving);
}

#[test]
fn a_model_survives_a_reload_of_the_running_server() {
    let (mut server, _) = Server::with_mini(&[]);
    assert_survives(&mut server, |server| {
        server.client().ask("DEBUG RELOAD").good();
    });
}

#[test]
fn a_model_survives_a_restart_from_commands_in_the_append_only_file() {
    for preamble in ["yes", "no"] {
        let (mut server, _) = Server::with_mini(&[
            "appendonly yes",
            &format!("aof-use-rdb-preamble {preamble}"),
            "auto-aof-rewrite-percentage 0",
        ]);
        assert_survives(&mut server, Server::restart_without_saving);
    }
}

#[test]
fn a_model_survives_a_restart_from_a_rewritten_append_only_file() {
    for preamble in ["yes", "no"] {
        let (mut server, _) = Server::with_mini(&["appendonly yes", &format!("aof-use-rdb-preamble {preamble}")]);
        assert_survives(&mut server, |server| {
            rewrite(&mut server.client());
            server.restart_without_saving();
        });
    }
}

fn rewrite(client: &mut Client) {
    wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
    wait_until("the rewrite has ended", || {
        let info = client.info("persistence");
        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
    });
    assert_eq!(client.info("persistence")["aof_last_bgrewrite_status"], "ok");
}

#[test]
fn a_model_survives_a_power_failure_with_an_append_only_file() {
    let (mut server, _) = Server::with_mini(&["appendonly yes", "appendfsync always"]);
    assert_survives(&mut server, |server| {
        server.kill();
        server.start_again();
    });
}

#[test]
fn power_failures_at_any_moment_of_a_load_leave_the_old_table_or_the_new() {
    let mut server = Server::with(&["appendonly yes", "appendfsync always"]);
    let mut client = server.client();
    server.load_mini(&mut client, "icio");
    server.write("wide.csv", mini::wide_table(600));
    for round in 0..6 {
        let mut loader = server.client();
        loader.send_line(if round % 2 == 0 {
            "MODEL.LOAD icio IO FILE wide.csv"
        } else {
            "MODEL.LOAD icio IO FILE mini.csv"
        });
        // Each round fails a little later: after more commands.
        for _ in 0..round * round * 20 {
            client.ask("PING").good();
        }
        server.kill();
        server.start_again();
        client = server.client();
        client.await_ready("icio");
        let nodes = client.model_number("icio", "nodes");
        assert!([4, 600].contains(&nodes), "{nodes}");
        let (region, sector) = if nodes == 4 { ("USA", "C10") } else { ("R00", "S0") };
        client.assess(&format!("icio {region} {sector} INDICATOR output"));
        assert_eq!(client.ask("MODEL.LIST").texts(), ["icio"], "an interrupted load leaves no model");
    }
}

#[test]
fn options_of_a_model_survive_a_restart() {
    let mut server = Server::start();
    server.write("mini.csv", mini::TABLE);
    let mut client = server.client();
    client.ask("MODEL.LOAD icio IO FILE mini.csv PRECISION f32 LEONTIEF lazy OUTPUT rowsum").good();
    client.call(&["MODEL.INDICATOR", "icio", "co2", "DATA", mini::RISK, "BY", "region", "UNIT", "kg"]).good();
    client.await_ready("icio");
    let before = (state(&mut client), client.ask("ASSESS.GET icio USA C10").good());
    server.restart_saving();
    let mut client = server.client();
    client.await_ready("icio");
    assert_eq!((state(&mut client), client.ask("ASSESS.GET icio USA C10").good()), before);
}

#[test]
fn a_restarted_server_answers_while_it_derives() {
    let mut server = Server::with(&["assess.default-wait-ms 600000"]);
    server.write("wide.csv", mini::wide_table(1000));
    let mut client = server.client();
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    client.await_ready("wide");
    let coefficient = client.ask("MODEL.COEF wide R00 S0 R01 S0");
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask("MODEL.COEF wide R00 S0 R01 S0"), coefficient);
    // This query waits for the inverse.
    client.assess("wide R00 S0");
    assert_eq!(client.ask("PING"), Reply::Simple("PONG".to_owned()));
}
