//! Jobs of the module with replicas, promotions and restarts.

use super::{ICIO, await_progress, ended, many, run, submit};
use crate::harness::{Server, wait_until};

#[track_caller]
fn assert_same_data(master: &Server, replica: &Server) {
    wait_until("master and replica hold the same data", || {
        replica.await_in_sync_with(master);
        let digest = |server: &Server| server.client().ask("DEBUG DIGEST").good();
        digest(master) == digest(replica)
    });
}

#[test]
fn a_replica_has_the_results_and_the_queues_of_its_master() {
    let (master, mut client) = Server::with_mini(&[]);
    let replica = Server::start();
    replica.follow(&master);
    run(&mut client, ICIO, "assess", r#"{"model":"icio","subjects":[["USA","C10"],["CHN","C10"]]}"#);
    run(&mut client, "q", "import", r#"{"items":[{"key":"a","value":"1","ttl_ms":500000,"tags":["x"]}]}"#);
    run(&mut client, "q", "import", &many("e", 1000));
    run(&mut client, "q", "import", r#"{"model":"roo","items":[{"code":"84","description":"Machinery"}]}"#);
    let id = client.ask("ASSESS.WARM icio ALL").good().text();
    ended(&mut client, ICIO, &id);
    assert_same_data(&master, &replica);
    assert_eq!(replica.client().info_number("assess", "jobs_by_module"), 0);
    assert!(replica.client().exists("e:999"));
}

#[test]
fn a_promoted_replica_runs_the_job_of_its_lost_master() {
    let (mut master, replica) = (Server::start(), Server::start());
    replica.follow(&master);
    let mut client = master.client();
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    await_progress(&mut client, "q", &id);
    replica.await_in_sync_with(&master);
    master.kill();
    let mut client = replica.client();
    client.ask("REPLICAOF NO ONE").good();
    let status = ended(&mut client, "q", &id);
    assert_eq!(status["status"].text(), "completed");
    assert!(status["attempts"].integer() > 1);
    assert_eq!(client.ask("DBSIZE").integer(), 100_001);
}

#[test]
fn a_demoted_master_stops_its_jobs() {
    let (one, two) = (Server::start(), Server::start());
    let mut client = one.client();
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    await_progress(&mut client, "q", &id);
    one.follow(&two);
    wait_until("no job runs", || client.info_number("assess", "jobs_by_module") == 0);
    assert_eq!(client.ask("DBSIZE").integer(), 0);
}

#[test]
fn a_job_that_ran_is_run_again_after_a_restart() {
    let mut server = Server::start();
    let mut client = server.client();
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    await_progress(&mut client, "q", &id);
    server.restart_saving();
    let mut client = server.client();
    let status = ended(&mut client, "q", &id);
    assert_eq!((status["status"].text().as_str(), status["attempts"].integer()), ("completed", 2), "{status:?}");
    assert_eq!(client.ask("DBSIZE").integer(), 100_001);
}

#[test]
fn a_job_that_waited_is_run_after_a_restart() {
    let mut server = Server::with(&["appendonly yes"]);
    let mut client = server.client();
    client.ask("JOB.PAUSE q").good();
    let id = submit(&mut client, "q", "import", &many("e", 10));
    client.ask("JOB.RESUME other").good();
    client.ask("JOB.CONFIG q MAXRUNNING 5").good();
    server.restart_without_saving();
    let mut client = server.client();
    client.ask("JOB.RESUME q").good();
    assert_eq!(ended(&mut client, "q", &id)["status"].text(), "completed");
}

#[test]
fn jobs_stop_while_writes_are_paused_and_continue() {
    let server = Server::start();
    let mut client = server.client();
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    await_progress(&mut client, "q", &id);
    client.ask("CLIENT PAUSE 60000 WRITE").good();
    let stored = client.ask("DBSIZE").integer();
    let slices = client.info_number("assess", "slices");
    wait_until("the module has tried", || client.info_number("assess", "slices") > slices + 10);
    assert_eq!(client.ask("DBSIZE").integer(), stored);
    client.ask("CLIENT UNPAUSE").good();
    assert_eq!(ended(&mut client, "q", &id)["status"].text(), "completed");
}
