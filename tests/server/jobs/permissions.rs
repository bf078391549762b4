//! Users with permission for some keys, the keys that the server knows of each command, and slots of a cluster.

use super::served;
use crate::harness::{Client, Reply, Server, wait_until};

const READS: [&str; 6] =
    ["JOB.STATUS q a", "JOB.WAIT q a BLOCK 1", "JOB.LIST q", "JOB.INFO q", "JOB.SCHEDULES q", "JOB.WAIT q a"];
/// Writes that reply data of the queue.
const TAKES: [&str; 6] = [
    "JOB.HEARTBEAT q a 0000000000000001",
    "JOB.CLAIM q 1 t",
    "JOB.CLAIM q 1 t BLOCK 1",
    "JOB.CANCEL q a",
    "JOB.CONFIG q",
    "JOB.CONFIG q MAXJOBS 0",
];
const CHANGES: [&str; 9] = [
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

fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

fn all() -> impl Iterator<Item = &'static str> {
    READS.into_iter().chain(TAKES).chain(CHANGES).chain(["JOB.SUBMIT q t p"])
}

#[test]
fn a_user_without_the_key_is_refused_by_every_command() {
    let (server, mut admin) = served();
    admin.submit("ID a");
    admin.ask("CONFIG SET assess.default-wait-ms 1").good();
    let before = admin.queue_digest();
    let mut narrow = user(&server, &mut admin, "~other +@all");
    for line in all() {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
        let script = format!("return redis.call('{}')", line.replace(' ', "','"));
        assert!(narrow.call(&["EVAL", &script, "0"]).is_error(), "{script}");
        let replies = narrow.pipeline(&["MULTI", line, "EXEC"]);
        assert_eq!(replies[1].code(), "NOPERM", "{line}");
    }
    assert_eq!(admin.queue_digest(), before);
    narrow.ask("JOB.SUBMIT other t p").good();
    narrow.ask("JOB.HELP").good();
}

#[test]
fn a_user_who_may_only_read_may_only_read() {
    let (server, mut admin) = served();
    admin.submit("ID a");
    admin.ask("CONFIG SET assess.default-wait-ms 1").good();
    let before = admin.queue_digest();
    let mut reader = user(&server, &mut admin, "%R~q +@all");
    for line in READS {
        reader.ask(line).good();
    }
    for line in TAKES.into_iter().chain(CHANGES).chain(["JOB.SUBMIT q t p"]) {
        assert_eq!(reader.ask(line).code(), "NOPERM", "{line}");
    }
    // By the command instead of the key,
    // by name: before 7.2 a server has no ACL categories for commands of a module.
    let mut reader = user(&server, &mut admin, "~* +job.status +job.wait +job.list +job.info +job.schedules");
    for line in READS {
        reader.ask(line).good();
    }
    for line in TAKES.into_iter().chain(CHANGES) {
        assert_eq!(reader.ask(line).code(), "NOPERM", "{line}");
    }
    assert_eq!(admin.queue_digest(), before);
}

#[test]
fn a_user_who_may_only_write_reads_nothing() {
    let (server, mut admin) = served();
    admin.submit("ID a");
    let mut writer = user(&server, &mut admin, "%W~q +@all");
    for line in READS.into_iter().chain(TAKES) {
        assert_eq!(writer.ask(line).code(), "NOPERM", "{line}");
    }
    for line in CHANGES {
        assert_ne!(writer.ask(line).code(), "NOPERM", "{line}");
    }
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
fn the_server_knows_the_key_of_every_command() {
    let (_server, mut client) = served();
    for line in all().chain(["JOB.REPLAY q x"]) {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {line}")).texts(), ["q"], "{line}");
        let with_flags = client.ask(&format!("COMMAND GETKEYSANDFLAGS {line}"));
        assert_eq!(with_flags.array().len(), 1, "{line}");
    }
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
    for line in all() {
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
