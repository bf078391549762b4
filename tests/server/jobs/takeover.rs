//! A replica becomes the master: it keeps the jobs, refuses the tokens of its former master, and goes on with timers and
//! schedules.

use super::events::Events;
use super::{Claimed, assert_healthy, claimed};
use crate::harness::{Client, Server, wait_until};

/// A master, and a replica that is in sync.
fn pair(settings: &[&str]) -> (Server, Client, Server, Client) {
    let (master, replica) = (Server::with(settings), Server::with(settings));
    replica.follow(&master);
    let (here, there) = (master.client(), replica.client());
    (master, here, replica, there)
}

/// Asserts that a token is refused because of the failover.
#[track_caller]
fn refused(client: &mut Client, job: &Claimed) {
    for reply in
        [client.complete(job, "late"), client.fail(job, &[]), client.call(&["JOB.HEARTBEAT", "q", &job.id, &job.token])]
    {
        assert_eq!(reply.code(), "LEASELOST", "{reply:?}");
    }
}

#[test]
fn a_promoted_replica_keeps_the_jobs_and_refuses_the_old_tokens() {
    let (mut master, mut here, replica, mut there) = pair(&[]);
    here.ask("JOB.CONFIG q MAXRUNNING 100").good();
    let ids: Vec<String> = (0..50).map(|i| here.submit(&format!("ID i{i} RETRIES 1"))).collect();
    let running = here.claim("COUNT 20 LEASE 3600000");
    for job in &running[..5] {
        here.complete(job, &job.id).good();
    }
    here.call(&["JOB.CANCEL", "q", &running[5].id]).good();
    replica.await_in_sync_with(&master);
    master.kill();
    // In one write: no timer has run yet when the reports arrive.
    let late: Vec<String> =
        running[6..8].iter().map(|Claimed { id, token }| format!("JOB.COMPLETE q {id} {token} late")).collect();
    let replies = there.pipeline(&["REPLICAOF NO ONE", &late[0], &late[1]]);
    for reply in &replies[1..] {
        assert!(reply.error().starts_with("LEASELOST"), "{reply:?}");
    }
    assert!(replies[1].error().starts_with("LEASELOST failover"), "{replies:?}");
    for job in &running[5..] {
        refused(&mut there, job);
    }
    wait_until("no job runs", || there.queue_number("running") == 0);
    // A failover is no lost lease; with one retry, that would have made the jobs dead.
    assert_eq!((there.queue_number("pending"), there.queue_number("dead")), (44, 0));
    assert_eq!(there.state(&running[5].id), "cancelled");
    for job in &running[..5] {
        assert_eq!(there.status(&job.id)["result"].text(), job.id);
    }
    // The new master goes on.
    for job in there.claim("COUNT 44 LEASE 3600000") {
        there.complete(&job, "new").good();
    }
    assert!(ids.iter().all(|id| ["completed", "cancelled"].contains(&there.state(id).as_str())));
    assert_healthy(&mut there);
}

#[test]
fn a_demoted_master_gets_the_state_of_the_new_one() {
    let (master, mut here, replica, mut there) = pair(&[]);
    here.submit("ID a");
    let job = here.claim_one("LEASE 3600000");
    replica.await_in_sync_with(&master);
    there.ask("REPLICAOF NO ONE").good();
    master.follow(&replica);
    wait_until("the job is pending", || here.state("a") == "pending");
    let again = there.claim_one("LEASE 3600000");
    refused(&mut there, &job);
    there.complete(&again, "new").good();
    master.await_in_sync_with(&replica);
    assert_eq!(here.status("a")["result"].text(), "new");
    assert_eq!(here.queue_digest(), there.queue_digest());
    // And back: the tokens of the second master are refused by the first.
    there.submit("ID b");
    let job = there.claim_one("LEASE 3600000");
    master.await_in_sync_with(&replica);
    here.ask("REPLICAOF NO ONE").good();
    refused(&mut here, &job);
    let again = claimed(&here.ask("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000")).remove(0);
    here.complete(&again, "").good();
    [&mut here, &mut there].into_iter().for_each(assert_healthy);
}

#[test]
fn copies_of_a_queue_refuse_the_old_tokens_too() {
    let (mut master, mut here, replica, mut there) = pair(&[]);
    here.submit("ID a");
    let Claimed { id, token } = here.claim_one("LEASE 3600000");
    replica.await_in_sync_with(&master);
    master.kill();
    let late = format!("JOB.COMPLETE copy {id} {token} late");
    let replies = there.pipeline(&["REPLICAOF NO ONE", "COPY q copy", &late]);
    assert!(replies[2].error().starts_with("LEASELOST"), "{replies:?}");
    let late = format!("JOB.COMPLETE moved {id} {token} late");
    let replies = there.pipeline(&["RENAME q moved", &late]);
    assert!(replies[1].error().starts_with("LEASELOST"), "{replies:?}");
}

#[test]
fn a_blocked_worker_of_the_new_master_gets_a_job_of_the_old_one() {
    let (mut master, mut here, replica, mut there) = pair(&[]);
    here.submit("ID a");
    here.claim_one("LEASE 3600000");
    replica.await_in_sync_with(&master);
    let mut waiter = super::waiting(&replica, "JOB.WAIT q a BLOCK 0");
    master.kill();
    let mut worker = replica.client();
    there.ask("REPLICAOF NO ONE").good();
    worker.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
    let job = claimed(&worker.receive()).remove(0);
    there.complete(&job, "r").good();
    // The client that waited on the replica still waits for the job.
    assert_eq!(waiter.receive().map()["result"].text(), "r");
}

#[test]
fn delays_and_retention_go_on_after_a_failover() {
    let (mut master, mut here, replica, mut there) = pair(&[]);
    here.submit("ID delayed DELAY 300");
    here.submit("ID ended TTL 1");
    here.ask("JOB.CANCEL q ended").good();
    replica.await_in_sync_with(&master);
    master.kill();
    there.ask("REPLICAOF NO ONE").good();
    wait_until("the delay has ended", || there.state("delayed") == "pending");
    wait_until("the ended job is dropped", || there.ask("JOB.STATUS q ended").is_error());
}

/// Due times of the jobs of a schedule: each has its own job.
fn submitted(client: &mut Client) -> Vec<i64> {
    let list = client.ask("JOB.LIST q TYPE t LIMIT 1000");
    let mut times: Vec<i64> = list.array().iter().map(|job| job.map()["created_at"].integer() / 1000).collect();
    times.sort_unstable();
    times
}

#[test]
fn a_schedule_fires_once_over_a_failover() {
    let (mut master, mut here, replica, mut there) = pair(&[]);
    here.call(&["JOB.SCHEDULE", "q", "s", "CRON", "* * * * * *", "t", "p"]).good();
    let mut events = Events::of(&replica);
    events.expect(&["pending", "pending"]);
    // The failover begins directly before a due time, at which both servers are candidates.
    here.ask("CLIENT PAUSE 600000 WRITE").good();
    replica.await_in_sync_with(&master);
    let before = submitted(&mut there);
    there.ask("REPLICAOF NO ONE").good();
    here.call(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()]).good();
    // A pause would also hold the writes of the new master.
    here.ask("CLIENT UNPAUSE").good();
    master.await_in_sync_with(&replica);
    events.expect(&["pending", "pending", "pending"]);
    let after = submitted(&mut there);
    assert!(after.len() >= before.len() + 3 && after.starts_with(&before), "{before:?} {after:?}");
    // Every due time has one job; what was missed during the failover has one.
    assert!(after.windows(2).all(|pair| pair[0] < pair[1]), "{after:?}");
    master.await_in_sync_with(&replica);
    there.ask("JOB.UNSCHEDULE q s").good();
    master.await_in_sync_with(&replica);
    assert_eq!(here.queue_digest(), there.queue_digest());
    // A crash: the last job may not have arrived, and is then submitted by the new master.
    here = master.client();
    there.call(&["JOB.SCHEDULE", "q", "s", "CRON", "* * * * * *", "t", "p"]).good();
    events.expect(&["pending"]);
    let mut replica = replica;
    master.await_in_sync_with(&replica);
    replica.kill();
    let seen = submitted(&mut here);
    here.ask("REPLICAOF NO ONE").good();
    wait_until("the schedule goes on", || submitted(&mut here).len() >= seen.len() + 2);
    let after = submitted(&mut here);
    assert!(after.windows(2).all(|pair| pair[0] < pair[1]), "{after:?}");
    master.kill();
}

#[test]
fn the_failover_command_hands_over_without_loss() {
    let (master, mut here, replica, mut there) = pair(&["appendonly yes"]);
    here.submit("ID a");
    let job = here.claim_one("LEASE 3600000");
    here.submit("ID b DELAY 200");
    let mut worker = super::waiting(&master, "JOB.CLAIM q 1 u BLOCK 0");
    here.ask("FAILOVER").good();
    wait_until("the replica is the master", || there.info("replication")["role"] == "master");
    wait_until("the master is a replica", || here.info("replication")["role"] == "slave");
    assert_eq!(worker.receive().code(), "UNBLOCKED");
    refused(&mut there, &job);
    wait_until("both jobs are pending", || there.queue_number("pending") == 2);
    master.await_in_sync_with(&replica);
    assert_eq!(here.queue_digest(), there.queue_digest());
}
