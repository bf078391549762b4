//! `assess.max-waits-per-user`.

use super::{connection, health, waiting};
use crate::harness::{Reply, Server, wait_until};

#[test]
fn given_a_user_with_many_blocked_clients_then_it_gets_busy_and_others_wait() {
    let server = Server::with(&["assess.max-waits-per-user 2"]);
    let mut admin = server.client();
    admin.ask("JOB.SUBMIT q other p ID a").good();
    let mut claiming = waiting(&server, "app", "JOB.CLAIM q 1 t BLOCK 0");
    let mut following = waiting(&server, "app", "JOB.WAIT q a BLOCK 0");
    assert_eq!(
        health(&mut admin),
        "degraded users: one uses 100 % of assess.max-waits-per-user or assess.max-uploads-per-user"
    );

    let mut third = connection(&server, "app");
    for line in ["JOB.CLAIM q 1 t BLOCK 0", "JOB.WAIT q a BLOCK 0"] {
        let refused = third.ask(line);
        assert_eq!(refused.code(), "BUSY", "{line}");
        assert!(refused.error().contains("assess.max-waits-per-user"), "{refused:?}");
    }
    assert_eq!(admin.info_number("assess", "user_limit_refusals"), 2);
    // What needs no wait is not limited.
    assert_eq!(third.ask("JOB.CLAIM q 1 t"), Reply::Array(Vec::new()));
    third.ask("JOB.STATUS q a").good();

    // Another user is not affected.
    drop(waiting(&server, "web", "JOB.CLAIM q 1 none BLOCK 0"));

    // When a wait has ended, the next one may begin.
    admin.ask("JOB.SUBMIT q t p").good();
    assert_eq!(claiming.receive().array().len(), 1);
    let mut next = waiting(&server, "app", "JOB.CLAIM q 1 t BLOCK 0");
    admin.ask("JOB.CANCEL q a").good();
    following.receive().good();
    admin.ask("JOB.SUBMIT q t p").good();
    next.receive().good();
    wait_until("no client waits", || health(&mut admin).starts_with("ok users: one uses 0 %"));
}

#[test]
fn given_a_user_at_the_limit_then_fetch_replies_busy_instead_of_waiting() {
    let server = Server::with(&["assess.max-waits-per-user 1"]);
    let mut admin = server.client();
    assert_eq!(admin.ask("CACHE.FETCH k LEASE 3600000").array()[0].text(), "lease");
    let mut first = waiting(&server, "app", "CACHE.FETCH k WAIT 3600000");
    let mut second = connection(&server, "app");
    assert_eq!(second.ask("CACHE.FETCH k WAIT 3600000"), Reply::Array(vec![Reply::bulk("busy")]));
    // A lease of its own needs no wait.
    assert_eq!(second.ask("CACHE.FETCH own").array()[0].text(), "lease");
    let mut other = waiting(&server, "web", "CACHE.FETCH k WAIT 3600000");
    admin.ask("SET k v").good();
    for client in [&mut first, &mut other] {
        assert_eq!(client.receive().array()[0].text(), "hit");
    }
}

#[test]
fn given_clients_that_disconnect_then_their_waits_end_and_loads_in_progress_still_count() {
    let server = Server::with(&["assess.max-waits-per-user 1", "assess.threads 1"]);
    let mut admin = server.client();
    drop(waiting(&server, "app", "JOB.CLAIM q 1 t BLOCK 0"));
    wait_until("the wait has ended", || health(&mut admin).contains("one uses 0 %"));

    // The only thread is busy, so the load of the user is in progress as long as the load before it.
    server.write("mini.csv", crate::harness::mini::TABLE);
    server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        let mut client = connection(&server, "app");
        client.send_line("MODEL.LOAD one IO FILE mini.csv");
        wait_until("the load begins", || !admin.ask("MODEL.INFO one").is_error());
        drop(client);
        let refused = connection(&server, "app").ask("MODEL.LOAD two IO FILE mini.csv");
        let was_loading = admin.info_number("assess", "loading") == 2;
        running.client.receive().good();
        wait_until("the loads have ended", || admin.info_number("assess", "loading") == 0);
        admin.ask("DEL one two").good();
        was_loading.then(|| assert_eq!(refused.code(), "BUSY", "{refused:?}"))
    });
    // The loads have ended: the user may load again.
    wait_until("nothing is in progress", || health(&mut admin).contains("one uses 0 %"));
    connection(&server, "app").ask("MODEL.LOAD two IO FILE mini.csv").good();
}
