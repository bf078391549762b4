//! Access control: users with permission for some keys or some commands only. `commands` compares every command with
//! the table of docs/security.md; the tests here are about what a table cannot say.

mod commands;
mod table;

use crate::harness::{Client, Reply, Server};

/// The commands that read, listed singly: before 7.2 a server has no ACL categories for commands of a module.
const READS: &str = "+@read +assess.get +model.info +model.coef";

fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

#[test]
fn a_user_who_may_read_a_model_may_read_its_assessments_only() {
    let (server, mut admin) = Server::with_mini(&[]);
    server.load_mini(&mut admin, "other");
    let mut reader = user(&server, &mut admin, &format!("~icio {READS}"));
    let document = reader.ask("ASSESS.GET icio USA C10").good();
    // The module stores it, not the user, who has no write permission. The second request is a hit.
    admin.await_key("assessment:{icio}:USA:C10:indicator=risk");
    assert_eq!(reader.ask("ASSESS.GET icio USA C10").good(), document);
    for command in ["MODEL.LOAD icio IO FILE mini.csv", "MODEL.INDICATORDEL icio risk", "MODEL.ABORT icio"] {
        assert_eq!(reader.ask(command).code(), "NOPERM", "{command}");
    }
}

#[test]
fn a_plain_get_of_a_cached_assessment_needs_permission_for_its_key() {
    let (server, mut admin) = Server::with_mini(&[]);
    let key = admin.cached("icio USA C10");
    let mut narrow = user(&server, &mut admin, "~icio +@read");
    assert_eq!(narrow.call(&["GET", &key]).code(), "NOPERM");
    let mut wide = user(&server, &mut admin, "~icio ~assessment:{icio}:* +@read");
    assert!(matches!(wide.call(&["GET", &key]), Reply::Bulk(_)));
}

#[test]
fn a_script_of_a_user_who_may_run_nothing_else_is_checked_too() {
    let (server, mut admin) = Server::with_mini(&[]);
    let script = ["EVAL", "return redis.call('MODEL.LIST')", "0"];
    assert_eq!(user(&server, &mut admin, "~icio +eval +model.list").call(&script).code(), "NOPERM");
    assert_eq!(user(&server, &mut admin, "~* +eval +model.list").call(&script).texts(), ["icio"]);
}
