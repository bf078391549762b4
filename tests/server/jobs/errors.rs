//! Bad input: a clear error, and nothing changed.

use super::{Claimed, one_of_each, served};
use crate::harness::{Client, Reply};

/// A queue `q` with jobs in all states, and what shows whether it has changed.
fn unchanged(check: impl FnOnce(&mut Client)) {
    let (_server, mut client) = served();
    one_of_each(&mut client);
    client.ask("SET text v").good();
    client.ask("JOB.SCHEDULE q s EVERY 3600000 t p").good();
    let before = (client.queue_digest(), client.ask("DEBUG DIGEST-VALUE text"), client.ask("DBSIZE"));
    let offset = client.info_number("replication", "master_repl_offset");
    check(&mut client);
    let after = (client.queue_digest(), client.ask("DEBUG DIGEST-VALUE text"), client.ask("DBSIZE"));
    assert_eq!(before, after);
    assert_eq!(client.info_number("replication", "master_repl_offset"), offset, "nothing was replicated");
    super::assert_healthy(&mut client);
}

#[track_caller]
fn refused(client: &mut Client, words: &[&str], code: &str, text: &str) {
    let reply = client.call(words);
    assert!(reply.code() == code && reply.error().contains(text), "{words:?}: {reply:?}");
}

#[test]
fn unknown_names_are_refused() {
    unchanged(|client| {
        for (line, text) in [
            ("JOB.LIST q STATUS ended", "STATUS must be one of delayed, pending, running"),
            ("JOB.PURGE q ended", "the status must be one of"),
            ("JOB.PURGE q running", "cannot be purged"),
            ("JOB.CONFIG q KEEP running 5", "KEEP must be one of completed, failed, cancelled, dead"),
            ("JOB.SUBMIT q t p PRIORITY urgent", "PRIORITY must be one of"),
            ("JOB.SUBMIT q t p UNIQUE sometimes", "UNIQUE must be one of"),
            ("JOB.SUBMIT q t p FOO 1", "unknown option FOO"),
            ("JOB.STATUS q none", "there is no job with this id"),
            ("JOB.STATUS none none", "there is no job with this id"),
            ("JOB.WAIT q none", "there is no job with this id"),
            ("JOB.WAIT none none BLOCK 0", "there is no job with this id"),
            ("JOB.CANCEL q none", "there is no job with this id"),
            ("JOB.RETRY q none", "there is no job with this id"),
            ("JOB.RETRY none none", "there is no job with this id"),
            ("JOB.COMPLETE q none 0000000000000001 r", "there is no job with this id"),
            ("JOB.FAIL none none 0000000000000001 e", "there is no job with this id"),
            ("JOB.HEARTBEAT q none 0000000000000001", "there is no job with this id"),
            ("JOB.CANCEL q in-completed", "the job has ended: it is completed"),
            ("JOB.CANCEL q in-dead", "the job has ended: it is dead"),
            ("JOB.RETRY q in-pending", "this one is pending"),
            ("JOB.RETRY q in-running", "this one is running"),
            ("JOB.RETRY q in-completed", "this one is completed"),
            ("JOB.REPLAY q x", "this command is internal"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            refused(client, &words, "ERR", text);
        }
        // A type that no job has is no error: its jobs may come later.
        assert_eq!(client.ask("JOB.CLAIM q 1 unknown"), Reply::Array(Vec::new()));
        assert_eq!(client.ask("JOB.LIST q TYPE unknown"), Reply::Array(Vec::new()));
        assert_eq!(client.ask("JOB.UNSCHEDULE q none"), Reply::Integer(0));
    });
}

#[test]
fn numbers_out_of_their_range_are_refused() {
    unchanged(|client| {
        for (line, text) in [
            ("JOB.SUBMIT q t p DELAY -1", "DELAY must be a whole number from 0"),
            ("JOB.SUBMIT q t p DELAY 1e3", "DELAY must be a whole number"),
            ("JOB.SUBMIT q t p AT -1", "AT must be a whole number"),
            ("JOB.SUBMIT q t p TTL -1", "TTL must be"),
            ("JOB.SUBMIT q t p RETRIES -1", "RETRIES must be"),
            ("JOB.SUBMIT q t p RETRIES 4294967296", "RETRIES must be"),
            ("JOB.SUBMIT q t p TIMEOUT 0", "TIMEOUT must be"),
            ("JOB.SUBMIT q t p BACKOFF 18446744073709551616", "BACKOFF must be"),
            ("JOB.SUBMIT q t p DELAY 1 AT 1", "exclude each other"),
            ("JOB.SUBMITMANY q 0 t p", "n must be"),
            ("JOB.SUBMITMANY q 2 t p t", "n must be the number of pairs"),
            ("JOB.SUBMITMANY q 1 t p ID x", "ID names one job"),
            ("JOB.CLAIM q 0 t", "n must be"),
            ("JOB.CLAIM q 2 t", "n must be the number of types"),
            ("JOB.CLAIM q 1 pending LEASE 0", "LEASE must be"),
            ("JOB.CLAIM q 1 pending BLOCK -1", "BLOCK must be"),
            ("JOB.CLAIM q 1 pending COUNT 0", "COUNT must be"),
            ("JOB.CLAIM q 1 pending COUNT 101", "COUNT must be"),
            ("JOB.WAIT q in-running BLOCK -1", "BLOCK must be"),
            ("JOB.LIST q LIMIT 0", "LIMIT must be"),
            ("JOB.LIST q OFFSET -1", "OFFSET must be"),
            ("JOB.CONFIG q MAXRUNNING 0", "MAXRUNNING must be"),
            ("JOB.CONFIG q RATE 0/5", "RATE must be"),
            ("JOB.CONFIG q RATE 5", "RATE must be"),
            ("JOB.CONFIG q MAXJOBS -1", "MAXJOBS must be"),
            ("JOB.SCHEDULE q x EVERY 999 t p", "EVERY must be"),
            ("JOB.SCHEDULE q x EVERY -1000 t p", "EVERY must be"),
            ("JOB.SCHEDULE q x CRON * t p", "fields"),
            ("JOB.SCHEDULE q x EVERY 1000 t p DELAY 5", "ID, DELAY and AT are no options"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            refused(client, &words, "ERR", text);
        }
    });
}

#[test]
fn cron_lines_that_never_come_or_name_no_time_are_refused() {
    unchanged(|client| {
        for (expr, zone) in [
            ("0 0 30 2 *", "UTC"),
            ("0 0 31 4,6,9,11 *", "UTC"),
            ("61 * * * *", "UTC"),
            ("* * * * * * * *", "UTC"),
            ("@never", "UTC"),
            ("0 3 * * *", "Mars/Olympus"),
            ("0 3 * * *", "../../etc/passwd"),
        ] {
            let reply = client.call(&["JOB.SCHEDULE", "q", "x", "CRON", expr, "TZ", zone, "t", "p"]);
            assert!(reply.code() == "ERR" && !reply.error().contains("internal"), "{expr} {zone}: {reply:?}");
            assert!(!reply.error().contains("Olympus") && !reply.error().contains("passwd"), "{reply:?}");
        }
    });
}

#[test]
fn names_and_texts_that_are_too_long_are_refused() {
    unchanged(|client| {
        let long = "x".repeat(257);
        let metadata = format!("\"{}\"", "x".repeat(64 << 10));
        for words in [
            &["JOB.SUBMIT", "q", &long, "p"][..],
            &["JOB.SUBMIT", "q", "", "p"],
            &["JOB.SUBMIT", "q", "t", "p", "ID", &long],
            &["JOB.SUBMIT", "q", "t", "p", "ID", ""],
            &["JOB.SUBMIT", "q", "t", "p", "GROUP", &long],
            &["JOB.SUBMIT", "q", "t", "p", "METADATA", "{"],
            &["JOB.SUBMIT", "q", "t", "p", "METADATA", &metadata],
            &["JOB.CLAIM", "q", "1", &long],
            &["JOB.CLAIM", "q", "1", "pending", "WORKER", &long],
            &["JOB.PAUSE", "q", &long],
            &["JOB.SCHEDULE", "q", &long, "EVERY", "1000", "t", "p"],
            &["JOB.SCHEDULE", "q", "", "EVERY", "1000", "t", "p"],
            &["JOB.UNSCHEDULE", "q", ""],
        ] {
            refused(client, words, "ERR", "");
        }
    });
}

#[test]
fn a_payload_that_is_too_large_is_refused() {
    unchanged(|client| {
        client.ask("CONFIG SET assess.max-payload 1024").good();
        let (fits, large) = ("x".repeat(1024), "x".repeat(1025));
        refused(client, &["JOB.SUBMIT", "q", "t", &large], "TOOBIG", "assess.max-payload");
        refused(client, &["JOB.SUBMITMANY", "q", "2", "t", "p", "t", &large], "TOOBIG", "assess.max-payload");
        refused(client, &["JOB.SCHEDULE", "q", "x", "EVERY", "1000", "t", &large], "TOOBIG", "assess.max-payload");
        let many = [&["JOB.SUBMITMANY", "q", "101"][..], &["t"; 202]].concat();
        refused(client, &many, "TOOBIG", "assess.max-batch");
        client.call(&["JOB.SUBMIT", "other", "t", &fits]).good();
        let job = super::claimed(&client.ask("JOB.CLAIM other 1 t")).remove(0);
        let complete = ["JOB.COMPLETE", "other", &job.id, &job.token, &large];
        refused(client, &complete, "TOOBIG", "assess.max-payload");
        assert_eq!(client.call(&["JOB.STATUS", "other", &job.id]).map()["status"].text(), "running");
        client.call(&["JOB.COMPLETE", "other", &job.id, &job.token, &fits]).good();
        client.ask("DEL other").good();
        // What this test itself has changed is put back.
        client.ask("CONFIG SET assess.max-payload 16mb").good();
    });
}

#[test]
fn errors_and_messages_are_truncated_with_a_mark() {
    let (_server, mut client) = served();
    client.submit("ID a RETRIES 0");
    let job = client.claim_one("");
    let (long, longer) = ("ä".repeat(1000), "ä".repeat(50_000));
    client.call(&["JOB.HEARTBEAT", "q", "a", &job.token, "MESSAGE", &long]).good();
    let message = client.status("a")["progress_message"].text();
    assert!(message.len() <= 1024 && message.ends_with("ä... (truncated)"), "{message}");
    client.call(&["JOB.FAIL", "q", "a", &job.token, &longer, "TRACEBACK", &longer]).good();
    let status = client.status("a");
    for field in ["error", "traceback"] {
        let text = status[field].text();
        assert!(text.len() <= 64 << 10 && text.ends_with("ä... (truncated)"), "{field}: {} bytes", text.len());
    }
}

#[test]
fn tokens_that_are_not_of_the_current_run_are_refused() {
    let (_server, mut client) = served();
    for id in ["a", "b"] {
        client.submit(&format!("ID {id}"));
    }
    let [a, b] = [client.claim_one(""), client.claim_one("")];
    let crossed = Claimed { token: b.token.clone(), ..a.clone() };
    let unknown = Claimed { token: "0000000000000000".to_owned(), ..a.clone() };
    let before = client.queue_digest();
    for wrong in [&crossed, &unknown] {
        assert_eq!(client.complete(wrong, "r").code(), "LEASELOST");
        assert_eq!(client.fail(wrong, &[]).code(), "LEASELOST");
        assert_eq!(client.call(&["JOB.HEARTBEAT", "q", &wrong.id, &wrong.token]).code(), "LEASELOST");
    }
    for token in ["", "x", "123", "000000000000000g", "+000000000000001", "00000000000000001"] {
        let wrong = Claimed { token: token.to_owned(), ..a.clone() };
        assert!(client.complete(&wrong, "r").error().contains("token must be 16 hex digits"), "{token}");
    }
    for progress in ["-1", "101", "1.5", "", "x"] {
        let reply = client.call(&["JOB.HEARTBEAT", "q", &a.id, &a.token, "PROGRESS", progress]);
        assert!(reply.error().contains("PROGRESS must be a whole number from 0 to 100"), "{progress}: {reply:?}");
    }
    assert_eq!(client.queue_digest(), before);
    client.complete(&a, "1").good();
    client.complete(&b, "2").good();
    assert_eq!(client.fail(&a, &[]).code(), "LEASELOST", "it was reported otherwise");
    assert_eq!(client.complete(&Claimed { token: b.token, ..a }, "3").code(), "LEASELOST");
    assert_eq!(client.status("a")["result"].text(), "1");
}

#[test]
fn a_key_of_another_type_is_refused_by_every_command() {
    unchanged(|client| {
        let token = "0000000000000001";
        for line in [
            "JOB.SUBMIT text t p",
            "JOB.SUBMITMANY text 1 t p",
            "JOB.CLAIM text 1 t",
            "JOB.CLAIM text 1 t BLOCK 0",
            &format!("JOB.HEARTBEAT text i {token}"),
            &format!("JOB.COMPLETE text i {token} r"),
            &format!("JOB.FAIL text i {token} e"),
            "JOB.CANCEL text i",
            "JOB.RETRY text i",
            "JOB.STATUS text i",
            "JOB.WAIT text i BLOCK 0",
            "JOB.LIST text",
            "JOB.INFO text",
            "JOB.CONFIG text",
            "JOB.CONFIG text MAXJOBS 1",
            "JOB.PAUSE text",
            "JOB.RESUME text",
            "JOB.PURGE text pending",
            "JOB.SCHEDULE text s EVERY 1000 t p",
            "JOB.UNSCHEDULE text s",
            "JOB.SCHEDULES text",
        ] {
            assert_eq!(client.ask(line).code(), "WRONGTYPE", "{line}");
        }
        // And the other way round.
        for line in ["GET q", "LPUSH q x", "ASSESS.GET q x", "CACHE.GET q"] {
            assert_eq!(client.ask(line).code(), "WRONGTYPE", "{line}");
        }
    });
}

#[test]
fn a_full_queue_refuses_jobs_all_or_none() {
    let (_server, mut client) = served();
    client.ask("JOB.CONFIG q MAXJOBS 3 MAXBYTES 100").good();
    client.submit("ID a");
    let before = client.queue_digest();
    let reply = client.ask("JOB.SUBMITMANY q 3 t 1 t 2 t 3");
    assert!(reply.code() == "TOOBIG" && reply.error().contains("MAXJOBS"), "{reply:?}");
    let large = "x".repeat(99);
    let reply = client.call(&["JOB.SUBMITMANY", "q", "2", "t", "1", "t", &large]);
    assert!(reply.code() == "TOOBIG" && reply.error().contains("MAXBYTES"), "{reply:?}");
    assert_eq!(client.ask("JOB.SUBMITMANY q 2 t 1 {} 2 METADATA {").code(), "ERR");
    assert_eq!(client.queue_digest(), before);
    assert_eq!(client.ask("JOB.SUBMITMANY q 2 t 1 t 2").texts().len(), 2);
    assert_eq!(client.ask("JOB.SUBMIT q t p").code(), "TOOBIG");
    // A duplicate needs no room; running jobs do not wait.
    assert_eq!(client.ask("JOB.SUBMIT q t p ID a").texts(), ["a", "duplicate"]);
    client.claim_one("");
    client.submit("ID b");
    // Ended jobs are dropped, the oldest first, instead.
    for _ in 0..3 {
        client.ask("JOB.PURGE q pending").good();
        for _ in 0..3 {
            client.submit("");
        }
        for job in client.claim("COUNT 3") {
            client.complete(&job, "r").good();
        }
    }
    assert_eq!(client.queue_number("completed"), 3);
}
