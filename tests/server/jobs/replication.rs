//! Replicas: equal digests, and the same answers to the requests that read.

use super::{Claimed, assert_healthy, one_of_each, served};
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server, wait_until};

fn pair() -> (Server, Client, Server, Client) {
    let (master, client) = served();
    let replica = Server::start();
    replica.follow(&master);
    let there = replica.client();
    (master, client, replica, there)
}

const QUEUES: [&str; 3] = ["q", "q1", "q2"];

/// One request of any kind.
fn some_request(client: &mut Client, random: &mut Random, held: &mut Vec<(String, Claimed)>) {
    let queue = QUEUES[random.below(3)];
    let id = format!("i{}", random.below(40));
    let option =
        ["", "UNIQUE replace", "UNIQUE rerun", "UNIQUE active", "DELAY 20", "PRIORITY high", "GROUP g", "TTL 0"];
    let submit = |random: &mut Random| {
        format!(
            "JOB.SUBMIT {queue} t p{} RETRIES {} BACKOFF 1 {}",
            random.below(9),
            random.below(3),
            option[random.below(8)]
        )
    };
    let line = match random.below(32) {
        0..=7 => format!("{} ID {id}", submit(random)),
        8..=10 => submit(random),
        11 => format!("JOB.SUBMITMANY {queue} 3 t 1 u 2 t 3 TIMEOUT 20"),
        12..=16 => {
            let reply = client.ask(&format!("JOB.CLAIM {queue} 2 t u COUNT 3 LEASE {}", 1 + random.below(60))).good();
            held.extend(super::claimed(&reply).into_iter().map(|job| (queue.to_owned(), job)));
            return;
        }
        17..=22 => {
            if held.is_empty() {
                return;
            }
            let (queue, Claimed { id, token }) = held.swap_remove(random.below(held.len()));
            match random.below(4) {
                0 => format!("JOB.FAIL {queue} {id} {token} broken TRACEBACK line"),
                1 => format!("JOB.HEARTBEAT {queue} {id} {token} PROGRESS 30 MESSAGE half"),
                _ => format!("JOB.COMPLETE {queue} {id} {token} result"),
            }
        }
        23 => format!("JOB.CANCEL {queue} {id}"),
        24 => format!("JOB.RETRY {queue} {id}"),
        25 => format!("JOB.PURGE {queue} {}", ["pending", "delayed", "completed", "failed", "dead"][random.below(5)]),
        26 => {
            format!("JOB.CONFIG {queue} MAXRUNNING {} MAXPERGROUP {} MAXJOBS 60", 1 + random.below(30), random.below(3))
        }
        27 => format!("JOB.{} {queue} u", ["PAUSE", "RESUME"][random.below(2)]),
        28 => format!("JOB.SCHEDULE {queue} s{} EVERY {} t p", random.below(3), 1000 + random.below(500)),
        29 => format!("JOB.UNSCHEDULE {queue} s{}", random.below(3)),
        30 => format!("{} {queue} {}", ["RENAME", "COPY"][random.below(2)], QUEUES[random.below(3)]),
        _ => ["DEL q2", "SWAPDB 0 1", "PEXPIRE q1 30"][random.below(3)].to_owned(),
    };
    // Many are refused: what matters is that master and replica agree.
    client.ask(&line);
}

/// Asserts that master and replica have the same data, once nothing changes by itself.
#[track_caller]
fn assert_same(master: &Server, replica: &Server) {
    wait_until("both have the same", || {
        replica.await_in_sync_with(master);
        let (mut here, mut there) = (master.client(), replica.client());
        let digests = |client: &mut Client| {
            let mut words = vec!["DEBUG", "DIGEST-VALUE"];
            words.extend(QUEUES);
            client.call(&words).texts()
        };
        digests(&mut here) == digests(&mut there)
    });
    for server in [master, replica] {
        assert_healthy(&mut server.client());
    }
}

#[test]
fn digests_are_equal_under_mixed_traffic() {
    let seed = seed();
    let mut random = Random::new(seed);
    let (master, mut client, replica, _) = pair();
    let late = Server::start();
    let mut held = Vec::new();
    for round in 0..12 {
        for _ in 0..250 {
            some_request(&mut client, &mut random, &mut held);
        }
        match round % 4 {
            // The link breaks, and continues where it was.
            0 => _ = client.ask("CLIENT KILL TYPE replica"),
            1 => late.follow(&master),
            2 => _ = late.client().ask("REPLICAOF NO ONE").good(),
            _ => assert_same(&master, &replica),
        }
    }
    for queue in QUEUES {
        (0..3).for_each(|i| _ = client.ask(&format!("JOB.UNSCHEDULE {queue} s{i}")));
    }
    late.follow(&master);
    assert_same(&master, &replica);
    assert_same(&master, &late);
}

#[test]
fn a_replica_of_a_replica_has_the_same_queue() {
    let (master, mut client, replica, mut there) = pair();
    let last = Server::start();
    last.follow(&replica);
    let mut end = last.client();
    one_of_each(&mut client);
    replica.await_in_sync_with(&master);
    last.await_in_sync_with(&replica);
    let digest = client.queue_digest();
    assert_eq!((there.queue_digest(), end.queue_digest()), (digest.clone(), digest));
}

#[test]
fn a_replica_answers_reads_and_refuses_the_rest() {
    let (master, mut client, replica, mut there) = pair();
    let ids = one_of_each(&mut client);
    client.ask("JOB.SCHEDULE q s EVERY 3600000 t p").good();
    replica.await_in_sync_with(&master);
    for id in &ids {
        assert_eq!(there.status(id), client.status(id));
    }
    for line in ["JOB.LIST q", "JOB.SCHEDULES q", "JOB.WAIT q in-failed BLOCK 0", "JOB.HELP"] {
        assert_eq!(there.ask(line).good(), client.ask(line), "{line}");
    }
    let (here, on_replica) = (client.ask("JOB.INFO q").map(), there.ask("JOB.INFO q").map());
    for field in ["pending", "running", "dead", "total_jobs", "max_concurrent_jobs", "bytes", "waiting_bytes"] {
        assert_eq!(here[field], on_replica[field], "{field}");
    }
    let token = "0000000000000001";
    for line in [
        "JOB.SUBMIT q t p",
        "JOB.SUBMITMANY q 1 t p",
        "JOB.CLAIM q 1 t",
        "JOB.CLAIM q 1 t BLOCK 0",
        &format!("JOB.HEARTBEAT q i {token}"),
        &format!("JOB.COMPLETE q i {token} r"),
        &format!("JOB.FAIL q i {token} e"),
        "JOB.CANCEL q i",
        "JOB.RETRY q i",
        "JOB.CONFIG q MAXJOBS 1",
        "JOB.PAUSE q",
        "JOB.RESUME q",
        "JOB.PURGE q pending",
        "JOB.SCHEDULE q s EVERY 1000 t p",
        "JOB.UNSCHEDULE q s",
    ] {
        assert_eq!(there.ask(line).code(), "READONLY", "{line}");
    }
    assert!(there.ask("JOB.REPLAY q x").is_error());
}

#[test]
fn timers_of_a_replica_change_nothing() {
    // The replica is writable, so that a timer could write.
    let (master, mut client, replica, mut there) = pair();
    there.ask("CONFIG SET replica-read-only no").good();
    client.submit("ID a DELAY 1500 RETRIES 1");
    client.submit("ID b");
    client.claim_one("LEASE 1500");
    replica.await_in_sync_with(&master);
    // The master's timers do not run while it sleeps.
    client.send_line("DEBUG SLEEP 2.5");
    std::thread::sleep(std::time::Duration::from_millis(2000));
    assert_eq!((there.state("a"), there.state("b")), ("delayed".to_owned(), "running".to_owned()));
    assert_eq!(client.receive(), Reply::ok());
    wait_until("the changes have arrived", || there.state("a") == "pending" && there.state("b") == "pending");
    assert_eq!(client.queue_digest(), there.queue_digest());
}

#[test]
fn a_transaction_arrives_as_one() {
    let (master, mut client, replica, mut there) = pair();
    client.pipeline(&["MULTI", "SET x 1", "JOB.SUBMIT q t p ID a", "JOB.CLAIM q 1 t", "JOB.CANCEL q a", "EXEC"]);
    let script = "redis.call('JOB.SUBMIT','q','t','p','ID','b') redis.call('SET','x','2')";
    client.call(&["EVAL", script, "0"]).good();
    replica.await_in_sync_with(&master);
    assert_eq!(client.queue_digest(), there.queue_digest());
    assert_eq!(there.ask("GET x"), Reply::bulk("2"));
    assert_healthy(&mut there);
}

#[test]
fn a_replica_that_loads_beside_its_old_data_has_the_new_queues() {
    let (master, mut client) = served();
    one_of_each(&mut client);
    client.ask("SELECT 3").good();
    client.submit("ID a DELAY 3000");
    client.ask("SELECT 0").good();
    let replica = Server::with(&["repl-diskless-load swapdb"]);
    let mut there = replica.client();
    there.submit("ID old");
    there.ask("JOB.SUBMIT stale t p DELAY 100").good();
    let mut waiter = super::waiting(&replica, "JOB.WAIT q old BLOCK 0");
    replica.follow(&master);
    assert_eq!(waiter.receive().code(), "UNBLOCKED");
    let mut there = replica.client();
    assert_eq!(client.queue_digest(), there.queue_digest());
    assert!(!there.exists("stale"));
    there.ask("SELECT 3").good();
    let mut waiter = {
        let mut waiter = replica.client();
        waiter.ask("SELECT 3").good();
        waiter.send_line("JOB.WAIT q a BLOCK 0");
        waiter
    };
    there.ask("REPLICAOF NO ONE").good();
    wait_until("the delay has ended", || there.state("a") == "pending");
    there.ask("JOB.CANCEL q a").good();
    assert_eq!(waiter.receive().map()["status"].text(), "cancelled");
}
