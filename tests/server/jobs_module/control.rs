//! Limits, pauses, cancellation and duplicates of the jobs that the module runs.

use super::{await_progress, ended, many, status, submit};
use crate::harness::{Server, wait_until};

#[test]
fn a_cancelled_import_stops() {
    let server = Server::start();
    let mut client = server.client();
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    await_progress(&mut client, "q", &id);
    assert_eq!(client.call(&["JOB.CANCEL", "q", &id]).good().text(), "running");
    let status = ended(&mut client, "q", &id);
    assert_eq!(status["status"].text(), "cancelled", "{status:?}");
    let stored = client.ask("DBSIZE").integer();
    assert!(stored < 100_000, "{stored}");
    // The next job has run, and the cancelled one has stored nothing more.
    let next = submit(&mut client, "q", "import", &many("f", 1));
    ended(&mut client, "q", &next);
    assert_eq!(client.ask("DBSIZE").integer(), stored + 1);
}

#[test]
fn a_waiting_job_is_cancelled_before_it_runs() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("JOB.PAUSE q").good();
    let id = submit(&mut client, "q", "import", &many("e", 1));
    assert_eq!(client.call(&["JOB.CANCEL", "q", &id]).good().text(), "cancelled");
    client.ask("JOB.RESUME q").good();
    let next = submit(&mut client, "q", "import", &many("f", 1));
    ended(&mut client, "q", &next);
    assert!(!client.exists("e:0"));
}

#[test]
fn pauses_and_maxrunning_apply_to_the_module() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("JOB.CONFIG q MAXRUNNING 1").good();
    client.ask("JOB.SUBMIT q mail x").good();
    let claimed = client.ask("JOB.CLAIM q 1 mail").good().array()[0].map();
    let import = submit(&mut client, "q", "import", &many("e", 1));
    let other = submit(&mut client, "q2", "import", &many("f", 1));
    ended(&mut client, "q2", &other);
    assert_eq!(status(&mut client, "q", &import, "status").text(), "pending");
    client.ask("JOB.PAUSE q import").good();
    client.call(&["JOB.COMPLETE", "q", &claimed["id"].text(), &claimed["token"].text(), "done"]).good();
    assert_eq!(status(&mut client, "q", &import, "status").text(), "pending");
    client.ask("JOB.RESUME q import").good();
    assert_eq!(ended(&mut client, "q", &import)["status"].text(), "completed");
}

#[test]
fn a_rate_delays_the_module() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("JOB.CONFIG q RATE 1/300").good();
    let jobs: Vec<String> = (0..3).map(|i| submit(&mut client, "q", "import", &many(&format!("e{i}"), 1))).collect();
    for id in &jobs {
        assert_eq!(ended(&mut client, "q", id)["status"].text(), "completed");
    }
    let started = |client: &mut crate::harness::Client, id: &str| status(client, "q", id, "started_at").integer();
    let times: Vec<i64> = jobs.iter().map(|id| started(&mut client, id)).collect();
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + 300), "{times:?}");
}

#[test]
fn more_jobs_than_may_run_at_a_time_are_all_run() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("JOB.CONFIG q MAXRUNNING 1000").good();
    let jobs: Vec<String> = (0..40).map(|i| submit(&mut client, "q", "import", &many(&format!("e{i}"), 500))).collect();
    let most = client.info_number("assess", "jobs_by_module");
    assert!(most <= 10, "{most}");
    for id in &jobs {
        assert_eq!(ended(&mut client, "q", id)["status"].text(), "completed");
    }
    assert_eq!(client.ask("DBSIZE").integer(), 40 * 500 + 1);
    wait_until("no job runs", || client.info_number("assess", "jobs_by_module") == 0);
}

#[test]
fn delayed_and_scheduled_jobs_are_run() {
    let server = Server::start();
    let mut client = server.client();
    let delayed = client.call(&["JOB.SUBMIT", "q", "import", &many("e", 1), "DELAY", "50"]).good().array()[0].text();
    assert_eq!(ended(&mut client, "q", &delayed)["status"].text(), "completed");
    client.call(&["JOB.SCHEDULE", "q", "s", "EVERY", "1000", "import", &many("s", 1)]).good();
    client.await_key("s:0");
}

#[test]
fn a_queue_that_is_deleted_or_renamed_stops_its_jobs() {
    let server = Server::start();
    let mut client = server.client();
    for command in [&["DEL", "q"][..], &["RENAME", "q", "other"], &["FLUSHALL"]] {
        let id = submit(&mut client, "q", "import", &many("e", 100_000));
        await_progress(&mut client, "q", &id);
        client.call(command).good();
        wait_until("the job has stopped", || client.info_number("assess", "jobs_by_module") == 0);
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn a_worker_of_the_same_type_is_possible() {
    let server = Server::start();
    let (mut client, mut worker) = (server.client(), server.client());
    // `assess` in a queue that is not that of a model waits for a worker.
    let id = submit(&mut client, "mine", "assess", "anything");
    let claimed = worker.ask("JOB.CLAIM mine 1 assess").good().array()[0].map();
    assert_eq!(claimed["payload"].text(), "anything");
    worker.call(&["JOB.COMPLETE", "mine", &id, &claimed["token"].text(), "done"]).good();
    assert_eq!(ended(&mut client, "mine", &id)["result"].text(), "done");
}
