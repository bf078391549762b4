//! Access control: users with permission for some keys or some commands only.

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
    // A user who may run nothing else is checked too.
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
fn only_users_with_access_to_every_key_may_change_tiers() {
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
