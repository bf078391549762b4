//! A bug of the module costs one client its answer and affects no other client.
//!
//! Builds with debug assertions have `ASSESS.PANIC handler|worker` if the environment of the server has
//! `ASSESS_TEST_HOOKS=1`. No other build has it.

use crate::harness::{Reply, Server, wait_until};

#[test]
fn a_panic_is_an_error_for_its_client_and_a_line_in_the_log() {
    let mut server = Server::with_environment(&[], &[("ASSESS_TEST_HOOKS", "1")]);
    let mut client = server.client();
    server.load_mini(&mut client, "icio");
    for place in ["handler", "worker", "handler", "worker"] {
        let reply = client.ask(&format!("ASSESS.PANIC {place}"));
        assert_eq!(reply.code(), "ERR", "{place}: {reply:?}");
        assert!(reply.error().starts_with("ERR internal error"), "{place}: {reply:?}");
    }
    // The server, this client and the workers continue.
    assert!(server.is_running());
    assert_eq!(client.ask("PING"), Reply::Simple("PONG".to_owned()));
    client.assess("icio USA C10");
    client.ask("MODEL.LOAD icio IO FILE mini.csv").good();
    client.await_ready("icio");
    assert_eq!(client.info_number("assess", "panics"), 4);
    wait_until("the log has the text", || server.log().matches("panicked").count() >= 4);
}

#[test]
fn without_test_hooks_no_client_can_make_the_module_panic() {
    let server = Server::start();
    let reply = server.client().ask("ASSESS.PANIC handler");
    assert!(reply.error().contains("unknown command"), "{reply:?}");
}

#[test]
fn nothing_panics_in_normal_use() {
    let (server, mut client) = Server::with_mini(&[]);
    client.cached("icio USA C10");
    client.ask("DEBUG RELOAD").good();
    client.await_ready("icio");
    client.ask("FLUSHALL").good();
    assert_eq!(client.info_number("assess", "panics"), 0);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
