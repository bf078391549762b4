//! Users with permission for some commands, and slots of a cluster. `acl::commands` has the permissions for keys.

use super::served;
use crate::harness::{Client, Reply, Server, wait_until};

/// One line for each command of the family.
const LINES: [&str; 18] = [
    "JOB.STATUS q a",
    "JOB.WAIT q a BLOCK 1",
    "JOB.LIST q",
    "JOB.INFO q",
    "JOB.SCHEDULES q",
    "JOB.HEARTBEAT q a 0000000000000001",
    "JOB.CLAIM q 1 t",
    "JOB.CANCEL q a",
    "JOB.CONFIG q",
    "JOB.RETRY q a",
    "JOB.COMPLETE q a 0000000000000001 r",
    "JOB.FAIL q a 0000000000000001 e",
    "JOB.PAUSE q",
    "JOB.RESUME q",
    "JOB.PURGE q pending",
    "JOB.SCHEDULE q s EVERY 1000000 t p",
    "JOB.UNSCHEDULE q s",
    "JOB.SUBMITMANY q 1 t p",
];
/// Those of them that only read.
const READS: usize = 5;

fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

#[test]
fn a_user_with_the_commands_that_read_may_only_read() {
    let (server, mut admin) = served();
    admin.submit("ID a");
    admin.ask("CONFIG SET assess.default-wait-ms 1").good();
    let before = admin.queue_digest();
    // By name: before 7.2 a server has no ACL categories for commands of a module.
    let mut reader = user(&server, &mut admin, "~* +job.status +job.wait +job.list +job.info +job.schedules");
    for line in &LINES[..READS] {
        reader.ask(line).good();
    }
    for line in &LINES[READS..] {
        assert_eq!(reader.ask(line).code(), "NOPERM", "{line}");
    }
    assert_eq!(admin.queue_digest(), before);
}

#[test]
fn the_internal_command_is_refused_to_every_user() {
    let (_server, mut admin) = served();
    admin.submit("ID a");
    let before = admin.queue_digest();
    for words in [&["JOB.REPLAY", "q", ""][..], &["JOB.REPLAY", "new", ""], &["JOB.REPLAY", "q", "\x09\x00"]] {
        assert!(admin.call(words).is_error());
        let replies = [admin.ask("MULTI"), admin.call(words), admin.ask("EXEC")];
        assert!(replies[2].is_error() || replies[2].array()[0].is_error(), "{replies:?}");
    }
    assert!(admin.call(&["EVAL", "return redis.call('JOB.REPLAY','q','')", "0"]).is_error());
    assert_eq!(admin.queue_digest(), before);
    assert!(!admin.exists("new"));
}

#[test]
fn a_node_redirects_commands_for_slots_of_another_one() {
    let node = |slots: &str| {
        let server = Server::with(&["cluster-enabled yes"]);
        server.client().ask(&format!("CLUSTER ADDSLOTSRANGE {slots}")).good();
        server
    };
    let (first, second) = (node("0 8191"), node("8192 16383"));
    let (mut a, mut b) = (first.client(), second.client());
    assert_eq!(a.ask("JOB.SUBMIT q t p").code(), "CLUSTERDOWN");
    a.ask(&format!("CLUSTER MEET 127.0.0.1 {}", second.port())).good();
    for client in [&mut a, &mut b] {
        wait_until("the cluster is complete", || {
            let info = client.ask("CLUSTER INFO").text();
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
        });
    }
    let slot = a.ask("CLUSTER KEYSLOT q").integer();
    let (mut owner, mut other) = if slot < 8192 { (a, b) } else { (b, a) };
    owner.submit("ID a DELAY 20");
    for line in LINES {
        assert_eq!(other.ask(line).code(), "MOVED", "{line}");
    }
    wait_until("the timers of a node work", || owner.state("a") == "pending");
    let job = owner.claim_one("");
    owner.complete(&job, "r").good();
    // The slot moves: the queue is transferred with its key.
    let (port, id) = (if slot < 8192 { second.port() } else { first.port() }, other.ask("CLUSTER MYID").text());
    owner.ask(&format!("CLUSTER SETSLOT {slot} MIGRATING {id}")).good();
    let from = owner.ask("CLUSTER MYID").text();
    other.ask(&format!("CLUSTER SETSLOT {slot} IMPORTING {from}")).good();
    owner.call(&["MIGRATE", "127.0.0.1", &port.to_string(), "q", "0", "10000"]).good();
    for client in [&mut other, &mut owner] {
        client.ask(&format!("CLUSTER SETSLOT {slot} NODE {id}")).good();
    }
    assert_eq!(other.status("a")["result"].text(), "r");
    assert_eq!(owner.ask("JOB.STATUS q a").code(), "MOVED");
    assert_eq!(owner.ask("DBSIZE"), Reply::Integer(0));
}
