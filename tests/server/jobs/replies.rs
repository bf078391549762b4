//! The reply of each command, in RESP2 and in RESP3.

use super::{Claimed, STATES, claimed, one_of_each, served};
use crate::harness::{Client, Reply};

const STATUS_FIELDS: [&str; 19] = [
    "attempts",
    "cancel_requested",
    "completed_at",
    "created_at",
    "due_at",
    "duration_seconds",
    "error",
    "group",
    "job_id",
    "job_type",
    "metadata",
    "priority",
    "progress",
    "progress_message",
    "result",
    "started_at",
    "status",
    "traceback",
    "worker",
];

/// A client of each protocol.
fn both() -> (crate::harness::Server, [Client; 2]) {
    let (server, client) = served();
    let newer = server.client().resp3();
    (server, [client, newer])
}

#[test]
fn submitted_jobs_have_ids() {
    let (_server, clients) = both();
    for mut client in clients {
        client.ask("FLUSHALL").good();
        let reply = client.ask("JOB.SUBMIT q t p");
        let id = reply.array()[0].text();
        let is_uuid = id.len() == 36 && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        assert!(is_uuid, "{id}");
        assert_eq!(reply.array()[1], Reply::bulk("created"));
        for (options, outcome) in [
            ("ID a", "created"),
            ("ID a", "duplicate"),
            ("ID a UNIQUE queued", "duplicate"),
            ("ID b UNIQUE queued", "created"),
        ] {
            let reply = client.ask(&format!("JOB.SUBMIT q t p {options}"));
            assert_eq!(reply.array()[1], Reply::bulk(outcome), "{options}: {reply:?}");
        }
        let many = client.ask("JOB.SUBMITMANY q 3 t 1 u 2 t 3 PRIORITY high").texts();
        assert_eq!(many.len(), 3);
        assert!(many.iter().all(|id| client.state(id) == "pending"), "{many:?}");
    }
}

#[test]
fn claimed_jobs_are_maps() {
    let (_server, [mut older, mut newer]) = both();
    let payload = b"\0\r\n\xff".to_vec();
    for client in [&mut older, &mut newer] {
        let words = [b"JOB.SUBMIT".to_vec(), b"q".to_vec(), b"t".to_vec(), payload.clone()];
        client.call(&words).good();
        client.call(&["JOB.SUBMIT", "q", "t", "p", "ID", "i", "METADATA", "{\"a\": 1}"]).good();
        let reply = client.ask("JOB.CLAIM q 2 u t LEASE 5000 COUNT 5 WORKER w");
        let jobs = reply.array();
        assert_eq!(jobs.len(), 2);
        let (first, second) = (jobs[0].map(), jobs[1].map());
        assert_eq!(first["payload"], Reply::Bulk(payload.clone()));
        assert_eq!((&first["attempt"], &first["lease_ms"]), (&Reply::Integer(1), &Reply::Integer(5000)));
        assert_eq!((first["type"].text(), &first["metadata"]), ("t".to_owned(), &Reply::Nil));
        assert_eq!(second["metadata"], Reply::bulk("{\"a\": 1}"));
        let token = first["token"].text();
        assert!(token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
        assert_ne!(token, second["token"].text());
        assert_eq!(client.ask("JOB.CLAIM q 1 t"), Reply::Array(Vec::new()));
        assert_eq!(client.ask("JOB.CLAIM none 1 t"), Reply::Array(Vec::new()));
        client.ask("DEL q").good();
    }
    newer.ask("JOB.SUBMIT q t p").good();
    assert!(matches!(newer.ask("JOB.CLAIM q 1 t").array()[0], Reply::Map(_)));
}

#[test]
fn a_status_has_every_field_in_every_state() {
    let (_server, [mut older, mut newer]) = both();
    let ids = one_of_each(&mut older);
    for client in [&mut older, &mut newer] {
        for (state, id) in STATES.iter().zip(&ids) {
            let status = client.status(id);
            assert_eq!(status.keys().map(String::as_str).collect::<Vec<_>>(), STATUS_FIELDS);
            assert_eq!(status["status"].text(), *state);
            let ended = ["completed", "failed", "cancelled", "dead"].contains(state);
            assert_eq!(status["completed_at"] != Reply::Nil, ended, "{state}");
            assert_eq!(status["due_at"] != Reply::Nil, *state == "delayed", "{state}");
            assert!(status["created_at"].integer() > 1_600_000_000_000, "{state}");
            assert_eq!(status["cancel_requested"].integer(), i64::from(*state == "cancelled"), "{state}");
        }
        let running = client.status("in-running");
        assert_eq!((running["progress"].integer(), running["progress_message"].text()), (40, "half".to_owned()));
        assert_eq!((running["worker"].text(), running["attempts"].integer()), ("w".to_owned(), 1));
        let completed = client.status("in-completed");
        assert_eq!((completed["result"].text(), completed["progress"].integer()), ("result".to_owned(), 100));
        assert!(completed["duration_seconds"].double() >= 0.0);
        let failed = client.status("in-failed");
        assert_eq!((failed["error"].text(), failed["traceback"].text()), ("broken".to_owned(), "line 1".to_owned()));
        assert!(client.status("in-dead")["error"].text().contains("lease was lost 1 times"));
        // A wait for a job that has ended is a status, without a block.
        assert_eq!(client.ask("JOB.WAIT q in-completed BLOCK 0").map(), completed);
    }
    assert!(matches!(newer.ask("JOB.STATUS q in-dead"), Reply::Map(_)));
}

#[test]
fn reports_are_answered_and_may_be_repeated() {
    let (_server, mut client) = served();
    client.submit("ID a");
    let job = client.claim_one("");
    let beat = ["JOB.HEARTBEAT", "q", &job.id, &job.token];
    assert_eq!(client.call(&beat), Reply::bulk("continue"));
    assert_eq!(client.ask("JOB.CANCEL q a"), Reply::bulk("running"));
    assert_eq!(client.call(&beat), Reply::bulk("cancel"));
    assert_eq!(client.state("a"), "running");
    // The final state is what the worker reports.
    for _ in 0..3 {
        assert_eq!(client.complete(&job, "r"), Reply::ok());
    }
    assert_eq!(client.state("a"), "completed");
    client.submit("ID b");
    let job = client.claim_one("");
    assert_eq!(client.ask("JOB.CANCEL q b"), Reply::bulk("running"));
    for _ in 0..3 {
        assert_eq!(client.fail(&job, &[]), Reply::ok());
    }
    assert_eq!(client.state("b"), "cancelled");
    // Another kind of report is no repetition.
    assert_eq!(client.complete(&job, "r").code(), "LEASELOST");
    assert_eq!(client.ask("JOB.RETRY q b"), Reply::ok());
    assert_eq!(client.status("b")["attempts"].integer(), 0);
    client.submit("ID c DELAY 100000");
    assert_eq!(client.ask("JOB.CANCEL q c"), Reply::bulk("cancelled"));
}

#[test]
fn operators_see_what_they_set() {
    let (_server, clients) = both();
    for mut client in clients {
        client.ask("FLUSHALL").good();
        let defaults = client.ask("JOB.CONFIG q").map();
        assert_eq!(defaults["max_running"].integer(), 10);
        assert!(!client.exists("q"), "to read limits creates no queue");
        let set = "JOB.CONFIG q MAXRUNNING 7 MAXPERGROUP 2 RATE 5/1000 AGEING 0 MAXJOBS 9 MAXBYTES 1kb KEEP dead 60";
        assert_eq!(client.ask(set), Reply::ok());
        let limits = client.ask("JOB.CONFIG q").map();
        for (field, value) in [
            ("max_running", 7),
            ("max_per_group", 2),
            ("ageing_ms", 0),
            ("max_jobs", 9),
            ("max_bytes", 1024),
            ("keep_completed_seconds", 3600),
            ("keep_dead_seconds", 60),
        ] {
            assert_eq!(limits[field].integer(), value, "{field}");
        }
        assert_eq!(limits["rate"].text(), "5/1000");
        assert_eq!(client.ask("JOB.PAUSE q"), Reply::ok());
        assert_eq!(client.ask("JOB.PAUSE q t"), Reply::ok());
        let info = client.ask("JOB.INFO q").map();
        assert_eq!((info["status"].text(), info["paused_types"].texts()), ("paused".to_owned(), vec!["t".to_owned()]));
        client.submit("");
        assert_eq!(client.claim("").len(), 0);
        client.ask("JOB.RESUME q").good();
        assert_eq!(client.claim("").len(), 0, "its type is still paused");
        assert_eq!(client.ask("JOB.RESUME q t"), Reply::ok());
        client.claim_one("");
        client.submit("");
        assert_eq!(client.ask("JOB.PURGE q pending"), Reply::Integer(1));
        assert_eq!(client.ask("JOB.PURGE none pending"), Reply::Integer(0));
    }
}

#[test]
fn info_has_the_names_that_health_pages_show() {
    let (_server, clients) = both();
    for mut client in clients {
        client.ask("FLUSHALL").good();
        one_of_each(&mut client);
        let info = client.ask("JOB.INFO q").map();
        for name in [
            "status",
            "max_concurrent_jobs",
            "running_jobs",
            "registered_handlers",
            "total_jobs",
            "types",
            "paused_types",
            "oldest_waiting_ms",
            "jobs_per_second",
            "waiting_time",
            "running_time",
            "bytes",
            "waiting_bytes",
        ] {
            assert!(info.contains_key(name), "{name}");
        }
        let counts = STATES.map(|state| info[state].integer());
        // The job that was made for `delayed` was cancelled.
        assert_eq!(counts, [1, 1, 1, 1, 1, 2, 1]);
        assert_eq!((info["total_jobs"].integer(), info["running_jobs"].integer()), (8, 1));
        assert_eq!(info["registered_handlers"].texts(), ["completed", "dead", "failed", "running"]);
        let types: Vec<String> = info["types"].array().iter().map(|of| of.map()["job_type"].text()).collect();
        assert_eq!(types.len(), 7);
        for (name, count) in [("waiting_time", 4), ("running_time", 3)] {
            let times = info[name].map();
            assert_eq!(times["count"].integer(), count, "{name}");
            for field in ["average_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"] {
                assert!(times[field].double() >= 0.0, "{name} {field}");
            }
        }
        assert_eq!(client.ask("JOB.INFO none").map()["total_jobs"].integer(), 0);
    }
}

#[test]
fn schedules_are_listed_by_name() {
    let (_server, clients) = both();
    for mut client in clients {
        client.ask("FLUSHALL").good();
        assert_eq!(client.ask("JOB.SCHEDULES q"), Reply::Array(Vec::new()));
        client.call(&["JOB.SCHEDULE", "q", "b", "CRON", "0 3 * * *", "TZ", "europe/berlin", "t", "p"]).good();
        client.ask("JOB.SCHEDULE q a EVERY 60000 t p PRIORITY high").good();
        let reply = client.ask("JOB.SCHEDULES q");
        let (every, cron) = (reply.array()[0].map(), reply.array()[1].map());
        assert_eq!((every["name"].text(), every["every_ms"].integer()), ("a".to_owned(), 60_000));
        assert_eq!((every["priority"].text(), &every["last_at"]), ("high".to_owned(), &Reply::Nil));
        assert_eq!((cron["cron"].text(), cron["zone"].text()), ("0 3 * * *".to_owned(), "Europe/Berlin".to_owned()));
        assert!(cron["next_at"].integer() > every["next_at"].integer() - 60_000);
        assert_eq!(client.ask("JOB.UNSCHEDULE q a"), Reply::Integer(1));
        assert_eq!(client.ask("JOB.UNSCHEDULE q a"), Reply::Integer(0));
        assert_eq!(client.ask("JOB.SCHEDULES q").array().len(), 1);
    }
}

#[test]
fn jobs_are_claimed_by_priority_and_then_in_order() {
    let (_server, mut client) = served();
    for (id, priority) in
        [("1", "low"), ("2", "normal"), ("3", "high"), ("4", "critical"), ("5", "normal"), ("6", "low")]
    {
        client.submit(&format!("ID {id} PRIORITY {priority}"));
    }
    let order: Vec<String> = client.claim("COUNT 10").into_iter().map(|Claimed { id, .. }| id).collect();
    assert_eq!(order, ["4", "3", "2", "5", "1", "6"]);
}

#[test]
fn unique_jobs_are_duplicates_rerun_or_replaced() {
    let (_server, mut client) = served();
    let unique = |client: &mut Client, how: &str| client.ask(&format!("JOB.SUBMIT q t p {how}")).good().texts();
    let first = unique(&mut client, "UNIQUE queued");
    assert_eq!(unique(&mut client, "UNIQUE queued"), [first[0].clone(), "duplicate".to_owned()]);
    let replaced = unique(&mut client, "UNIQUE replace DELAY 50 PRIORITY high");
    assert_eq!(replaced[0], first[0]);
    assert_eq!(client.status(&first[0])["priority"].text(), "high");
    let job = claimed(&client.ask("JOB.CLAIM q 1 t BLOCK 0")).remove(0);
    assert_eq!(unique(&mut client, "UNIQUE active"), [first[0].clone(), "duplicate".to_owned()]);
    assert_eq!(unique(&mut client, "UNIQUE rerun"), [first[0].clone(), "duplicate".to_owned()]);
    client.complete(&job, "1").good();
    assert_eq!(client.state(&first[0]), "pending", "it is run once more");
    let job = client.claim_one("");
    let other = unique(&mut client, "UNIQUE queued");
    assert_ne!(other[0], first[0], "none waits");
    client.complete(&job, "2").good();
    assert_eq!(client.status(&first[0])["result"].text(), "2");
}
