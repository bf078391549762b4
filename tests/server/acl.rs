//! Who may do what: users with permission for some keys or some commands only.

use crate::harness::{Client, Reply, Server};

/// What reads, as single commands: before 7.2 a server knows no categories of a module's commands.
const READS: &str = "+@read +assess.get +model.info +model.coef";

fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER somebody reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH somebody any").good();
    client
}

#[test]
fn who_may_read_a_model_may_read_its_assessments_and_no_other() {
    let (server, mut admin) = Server::with_mini(&[]);
    server.load_mini(&mut admin, "other");
    let mut reader = user(&server, &mut admin, &format!("~icio {READS}"));
    let document = reader.ask("ASSESS.GET icio USA C10").good();
    // Stored by the module, not by the user, who may not write; then a hit.
    admin.await_key("assessment:{icio}:USA:C10:indicator=risk");
    assert_eq!(reader.ask("ASSESS.GET icio USA C10").good(), document);
    for command in ["ASSESS.GET other USA C10", "MODEL.INFO other", "MODEL.COEF other USA C10 USA C10"] {
        assert_eq!(reader.ask(command).code(), "NOPERM", "{command}");
    }
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
fn listing_models_needs_permission_for_all_keys() {
    let (server, mut admin) = Server::with_mini(&[]);
    assert_eq!(user(&server, &mut admin, "~icio +@all").ask("MODEL.LIST").code(), "NOPERM");
    assert_eq!(user(&server, &mut admin, "~* +@all").ask("MODEL.LIST").texts(), ["icio"]);
    let script = ["EVAL", "return redis.call('MODEL.LIST')", "0"];
    assert_eq!(user(&server, &mut admin, "~icio +@all").call(&script).code(), "NOPERM");
    // Who may do nothing else is a user all the same.
    assert_eq!(user(&server, &mut admin, "~icio +eval +model.list").call(&script).code(), "NOPERM");
    assert_eq!(user(&server, &mut admin, "~* +eval +model.list").call(&script).texts(), ["icio"]);
}

#[test]
fn permission_to_write_a_key_is_needed_to_load_it() {
    let (server, mut admin) = Server::with_mini(&[]);
    let mut reader = user(&server, &mut admin, "%R~icio +@all");
    assert_eq!(reader.ask("MODEL.LOAD icio IO FILE mini.csv").code(), "NOPERM");
    reader.ask("ASSESS.GET icio USA C10").good();
    let mut writer = user(&server, &mut admin, "~icio +@all");
    writer.ask("MODEL.LOAD icio IO FILE mini.csv").good();
}

#[test]
fn tiers_are_for_users_who_have_every_key() {
    let server = Server::start();
    let mut admin = server.client();
    admin.ask("SET secret:1 v").good();
    admin.ask("TIER.SET t PATTERN t:* TTL 60").good();
    let mut narrow = user(&server, &mut admin, "~mine:* +@all");
    for command in ["TIER.SET evil PATTERN secret:* TTL 1 ENFORCE yes", "TIER.DEL t"] {
        assert_eq!(narrow.ask(command).code(), "NOPERM", "{command}");
    }
    assert_eq!(admin.ask("TTL secret:1"), Reply::Integer(-1));
    assert!(admin.ask("TIER.LIST").texts().contains(&"t".to_owned()));
    let mut wide = user(&server, &mut admin, "~* +@all");
    wide.ask("TIER.SET good PATTERN good:* TTL 60").good();
}
