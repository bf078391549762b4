//! What happens without a request of any client: the tests wait for keyspace events.

use super::events::Events;
use super::{served, waiting};
use crate::harness::{Client, Reply, Server, wait_until};

fn observed() -> (Server, Client, Events) {
    let (server, client) = served();
    let events = Events::of(&server);
    (server, client, events)
}

#[test]
fn a_delay_ends() {
    let (_server, mut client, mut events) = observed();
    client.submit("DELAY 30");
    client.submit("AT 1");
    let at = client.ask("TIME").texts()[0].parse::<u64>().expect("a time") * 1000 + 1500;
    client.submit(&format!("AT {at}"));
    events.expect(&["delayed", "pending", "delayed", "pending", "pending"]);
}

#[test]
fn a_lost_lease_makes_the_job_pending_until_it_is_dead() {
    let (_server, mut client, mut events) = observed();
    let id = client.submit("RETRIES 2");
    events.expect(&["pending"]);
    let first = client.claim_one("LEASE 20");
    events.expect(&["running", "pending"]);
    assert_eq!(client.complete(&first, "late").code(), "LEASELOST");
    let status = client.status(&id);
    assert_eq!((status["attempts"].integer(), status["status"].text()), (1, "pending".to_owned()));
    client.claim_one("LEASE 20");
    events.expect(&["running", "dead"]);
    assert!(client.status(&id)["error"].text().contains("lost 2 times"));
    // Never silently dropped, and it can be run again.
    client.call(&["JOB.RETRY", "q", &id]).good();
    let job = client.claim_one("");
    client.complete(&job, "r").good();
    events.expect(&["pending", "running", "completed"]);
}

#[test]
fn heartbeats_extend_the_lease() {
    let (_server, mut client, mut events) = observed();
    client.submit("RETRIES 1");
    let job = client.claim_one("LEASE 2000");
    for progress in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let beat = ["JOB.HEARTBEAT", "q", &job.id, &job.token, "PROGRESS", &progress.to_string()];
        assert_eq!(client.call(&beat).text(), "continue");
    }
    assert_eq!(client.status(&job.id)["progress"].integer(), 19);
    // Without heartbeats it ends.
    events.expect(&["pending", "running", "dead"]);
}

#[test]
fn a_run_that_takes_too_long_is_a_failure() {
    let (_server, mut client, mut events) = observed();
    let id = client.submit("TIMEOUT 30 RETRIES 1 BACKOFF 1");
    client.claim_one("LEASE 3600000");
    events.expect(&["pending", "running", "delayed", "pending"]);
    assert!(client.status(&id)["error"].text().contains("longer than 30 ms"));
    let job = client.claim_one("LEASE 3600000");
    events.expect(&["running", "failed"]);
    let late = client.complete(&job, "late");
    assert!(late.error().starts_with("LEASELOST expired"), "{late:?}");
}

#[test]
fn a_worker_that_does_not_stop_loses_its_token_after_the_grace() {
    let (_server, mut client, mut events) = observed();
    let id = client.submit("");
    let job = client.claim_one("LEASE 3600000");
    client.call(&["JOB.CANCEL", "q", &id]).good();
    assert_eq!(client.call(&["JOB.HEARTBEAT", "q", &id, &job.token]).text(), "cancel");
    events.expect(&["pending", "running", "cancelled"]);
    let late = client.complete(&job, "late");
    assert!(late.error().starts_with("LEASELOST cancelled"), "{late:?}");
    assert_eq!(client.state(&id), "cancelled");
}

#[test]
fn ended_jobs_are_dropped() {
    let (server, mut client, mut events) = observed();
    let offset = client.info_number("replication", "master_repl_offset");
    client.ask("JOB.CONFIG q KEEP cancelled 0 KEEP failed 3600").good();
    let kept = client.submit("ID kept RETRIES 0");
    let job = client.claim_one("");
    client.fail(&job, &[]).good();
    for options in ["ID a", "ID b TTL 0", "ID c DELAY 50000 TTL 1"] {
        let id = client.submit(options);
        client.call(&["JOB.CANCEL", "q", &id]).good();
    }
    events.expect(&["pending", "running", "failed"]);
    wait_until("the cancelled jobs are dropped", || client.queue_number("cancelled") == 0);
    assert!(client.ask("JOB.STATUS q a").is_error());
    assert_eq!(client.state(&kept), "failed");
    // Their removal is replicated, so a file has it too.
    assert!(offset == 0 || client.info_number("replication", "master_repl_offset") > offset);
    client.ask("DEBUG RELOAD").good();
    assert_eq!(server.client().queue_number("total_jobs"), 1);
}

#[test]
fn schedules_submit_jobs() {
    let (_server, mut client, mut events) = observed();
    client.ask("JOB.SCHEDULE q every EVERY 1000 t p PRIORITY high GROUP g UNIQUE queued").good();
    events.expect(&["pending"]);
    let job = client.claim_one("LEASE 3600000");
    let status = client.status(&job.id);
    assert_eq!((status["priority"].text(), status["group"].text()), ("high".to_owned(), "g".to_owned()));
    client.ask("JOB.UNSCHEDULE q every").good();
    client.call(&["JOB.SCHEDULE", "q", "cron", "CRON", "* * * * * *", "u", "p"]).good();
    events.until("pending");
    events.until("pending");
    let schedules = client.ask("JOB.SCHEDULES q");
    let schedule = schedules.array()[0].map();
    assert!(schedule["last_at"].integer() > 0 && schedule["next_at"].integer() % 1000 == 0, "{schedule:?}");
    let listed = client.ask("JOB.LIST q TYPE u STATUS pending").array().len();
    client.ask("JOB.UNSCHEDULE q cron").good();
    assert!(listed >= 2, "{listed}");
}

#[test]
fn what_was_missed_while_no_server_ran_is_submitted_once() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("JOB.SCHEDULE q s EVERY 1000 t p").good();
    client.send_line("SHUTDOWN SAVE");
    server.await_end();
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let begin = std::time::Instant::now();
    server.start_again();
    let mut client = server.client();
    wait_until("the missed job is submitted", || client.queue_number("pending") > 0);
    // One for what was missed, and further ones at their due times.
    let count = client.queue_number("pending") as u64;
    assert!(count <= 2 + begin.elapsed().as_secs(), "{count} jobs, at least three due times were missed");
}

#[test]
fn the_end_of_a_rate_window_serves_a_waiting_worker() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q RATE 1/150").good();
    // The jobs are there before the worker waits, and after it waits.
    for round in 0..6 {
        client.submit("");
        let before = client.claim("BLOCK 0 LEASE 3600000");
        assert_eq!(before.len(), 1);
        let mut worker = server.client();
        if round % 2 == 0 {
            client.submit("");
            worker.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
        } else {
            worker.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
            client.submit("");
        }
        let job = super::claimed(&worker.receive()).remove(0);
        client.complete(&before[0], "").good();
        client.complete(&job, "").good();
    }
}

#[test]
fn a_rate_window_ends_for_a_worker_whatever_changes_meanwhile() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q RATE 1/100").good();
    for change in ["JOB.SUBMIT q other p DELAY 3600000", "JOB.PURGE q delayed", "JOB.SUBMIT q other p TTL 0 ID e"] {
        client.submit("");
        client.submit("");
        client.claim_one("BLOCK 0 LEASE 3600000");
        let mut worker = server.client();
        worker.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
        client.ask(change).good();
        client.ask("JOB.CANCEL q e");
        assert_eq!(super::claimed(&worker.receive()).len(), 1, "{change}");
        client.ask("DEL q").good();
        client.ask("JOB.CONFIG q RATE 1/100").good();
    }
}

#[test]
fn several_workers_wait_for_one_window_after_the_other() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q RATE 2/60 MAXRUNNING 100").good();
    let mut workers: Vec<Client> = (0..7).map(|_| waiting(&server, "JOB.CLAIM q 1 t BLOCK 0")).collect();
    client.ask("JOB.SUBMITMANY q 7 t 1 t 2 t 3 t 4 t 5 t 6 t 7").good();
    for worker in &mut workers {
        assert_eq!(super::claimed(&worker.receive()).len(), 1);
    }
}

#[test]
fn timers_work_in_every_database_and_after_keys_moved() {
    let (server, mut client) = served();
    client.ask("SELECT 3").good();
    client.submit("ID a DELAY 400");
    client.ask("MOVE q 5").good();
    client.ask("SWAPDB 5 6").good();
    client.ask("SELECT 6").good();
    client.ask("RENAME q q2").good();
    client.ask("COPY q2 q").good();
    client.ask("JOB.SUBMIT q2 t p ID b DELAY 600").good();
    let mut other = server.client();
    other.ask("SELECT 6").good();
    wait_until("both are pending", || {
        other.ask("JOB.INFO q").map()["pending"] == Reply::Integer(1)
            && other.ask("JOB.INFO q2").map()["pending"] == Reply::Integer(2)
    });
}

#[test]
fn a_queue_without_clients_expires_with_its_key() {
    let (_server, mut client, _events) = observed();
    client.submit("DELAY 3600000");
    client.claim("");
    client.ask("PEXPIRE q 20").good();
    wait_until("the key has expired", || client.ask("DBSIZE") == Reply::Integer(0));
    client.submit("ID new");
    assert_eq!(client.queue_number("total_jobs"), 1);
}
