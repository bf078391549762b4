//! Memory: the size of a model is reported, freed with it, and checked before the work.

use crate::harness::mini::wide_table;
use crate::harness::{Client, Server, reference, wait_until};

/// Large enough to outweigh everything else, small enough to be quick: 8 MB of coefficients.
const NODES: usize = 1000;
const MATRIX: i64 = (NODES * NODES * 8) as i64;

fn used(client: &mut Client) -> i64 {
    client.info_number("memory", "used_memory")
}

fn server_with_wide(settings: &[&str]) -> (Server, Client) {
    let server = Server::with(settings);
    server.write("wide.csv", wide_table(NODES));
    let client = server.client();
    (server, client)
}

#[test]
fn used_memory_comes_back_to_the_baseline_after_flushall() {
    let (_server, mut client) = server_with_wide(&[]);
    // The first round allocates what stays permanently: threads, buffers.
    let mut baseline = 0;
    for round in 0..4 {
        client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
        client.await_ready("wide");
        client.cached("wide R00 S0");
        assert!(used(&mut client) > 2 * MATRIX, "the server counts coefficients and inverse");
        client.ask(if round % 2 == 0 { "FLUSHALL ASYNC" } else { "FLUSHALL SYNC" }).good();
        if round == 0 {
            wait_until("the model is freed", || used(&mut client) < MATRIX / 2);
            baseline = used(&mut client);
        }
        wait_until("memory is back at the baseline", || used(&mut client) < baseline + MATRIX / 8);
    }
}

#[test]
fn a_reload_frees_the_old_table() {
    let (_server, mut client) = server_with_wide(&[]);
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    client.await_ready("wide");
    let one = used(&mut client);
    for _ in 0..3 {
        client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
        client.await_ready("wide");
    }
    wait_until("one table is left", || used(&mut client) < one + MATRIX / 4);
}

#[test]
fn memory_usage_of_a_model_counts_coefficients_and_inverse() {
    let (_server, mut client) = server_with_wide(&[]);
    for (options, least, most) in [("LEONTIEF full", 2 * MATRIX, 3 * MATRIX), ("PRECISION f32", MATRIX, 2 * MATRIX)] {
        client.ask(&format!("MODEL.LOAD wide IO FILE wide.csv {options}")).good();
        client.await_ready("wide");
        let usage = client.ask("MEMORY USAGE wide").integer();
        let bytes = client.model_number("wide", "bytes");
        assert!((least..most).contains(&usage), "{options}: MEMORY USAGE {usage}");
        assert!((least..most).contains(&bytes), "{options}: bytes {bytes}");
    }
}

#[test]
fn a_table_that_would_not_fit_is_refused_before_the_work() {
    for setting in ["maxmemory", "assess.max-model-memory"] {
        let (_server, mut client) = server_with_wide(&["maxmemory-policy noeviction"]);
        let room = if setting == "maxmemory" { used(&mut client) + MATRIX / 2 } else { MATRIX / 2 };
        client.call(&["CONFIG", "SET", setting, &room.to_string()]).good();
        client.ask("CONFIG RESETSTAT").good();
        let peak = client.info_number("memory", "used_memory_peak");
        let reply = client.ask("MODEL.LOAD wide IO FILE wide.csv");
        assert_eq!(reply.code(), "NOROOM", "{setting}: {reply:?}");
        assert!(reply.error().contains("MB"), "{reply:?} does not state the size");
        assert!(!client.exists("wide"));
        let peak_then = client.info_number("memory", "used_memory_peak");
        assert!(peak_then - peak < MATRIX, "{setting}: the matrix was allocated anyway");
        client.call(&["CONFIG", "SET", setting, "0"]).good();
        client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    }
}

#[test]
fn a_load_evicts_no_keys() {
    let (_server, mut client) = server_with_wide(&["maxmemory-policy volatile-lfu"]);
    client.ask("SET session data EX 9999").good();
    let room = used(&mut client) + MATRIX / 2;
    client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]).good();
    assert_eq!(client.ask("MODEL.LOAD wide IO FILE wide.csv").code(), "NOROOM");
    assert!(client.exists("session"));
    assert_eq!(client.info_number("stats", "evicted_keys"), 0);
}

#[test]
fn a_model_without_the_inverse_gives_the_same_total() {
    let (_server, mut client) = server_with_wide(&["maxmemory-policy noeviction"]);
    client.ask("MODEL.LOAD wide IO FILE wide.csv LEONTIEF lazy").good();
    client.await_ready("wide");
    let lazy = client.model("wide");
    assert_eq!(lazy["leontief"].text(), "lazy");
    let document = client.assess("wide R00 S0");
    client.ask("MODEL.LOAD wide IO FILE wide.csv LEONTIEF full").good();
    client.await_ready("wide");
    let full = client.assess("wide R00 S0");
    let total = |document: &serde_json::Value| document["total"].as_f64().expect("a number");
    assert!((total(&document) / total(&full) - 1.0).abs() < 1e-9);
}

#[test]
fn the_payload_of_a_refused_load_is_freed() {
    let (server, mut client) = Server::with_mini(&[]);
    client.ask("SET text taken").good();
    let payload = vec![b'a'; 16 << 20];
    let mut refuse = |how: &str, arguments: &[&[u8]], code: &str| {
        let baseline = used(&mut client);
        for _ in 0..4 {
            // A new connection each time, so that its buffers are freed with it.
            assert_eq!(server.client().call(arguments).code(), code, "{how}");
        }
        wait_until("the payloads are freed", || used(&mut client) < baseline + (8 << 20));
    };
    refuse("another type", &[b"MODEL.SET", b"text", b"IO", &payload], "WRONGTYPE");
    refuse("a model", &[b"MODEL.SET", b"icio", b"IO", &payload, b"NOREPLACE"], "ERR");
    refuse("no table", &[b"MODEL.SET", b"icio", b"IO", &payload], "BADFILE");
}

#[test]
fn memory_for_the_copy_to_be_replicated_is_checked_before_it_is_made() {
    let (_server, mut client) = server_with_wide(&["appendonly yes", "maxmemory-policy noeviction"]);
    // Enough for the table, not for the table and its copy.
    let room = used(&mut client) + MATRIX * 17 / 10;
    client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]).good();
    let reply = client.ask("MODEL.LOAD wide IO FILE wide.csv");
    assert_eq!(reply.code(), "NOROOM", "{reply:?}");
    assert!(reply.error().contains("copy of the model"), "{reply:?}");
    assert_eq!(client.ask("DBSIZE").integer(), 0);
    client.ask("CONFIG SET maxmemory 0").good();
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
}

/// The memory of a process for which huge pages were requested, in bytes.
fn with_huge_pages(process: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{process}/smaps")).expect("the server runs");
    let (mut size, mut sum) = (0, 0);
    for line in maps.lines() {
        if let Some(text) = line.strip_prefix("Size:") {
            size = text.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10;
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            sum += if flags.split_whitespace().any(|flag| flag == "hg") { size } else { 0 };
        }
    }
    sum
}

#[test]
fn tables_ask_for_huge_pages_until_they_are_freed() {
    if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        reference::skipped("tables_ask_for_huge_pages_until_they_are_freed", "the kernel has no huge pages");
        return;
    }
    let (server, mut client) = server_with_wide(&["lazyfree-lazy-user-flush no"]);
    // 9.7 MB: the smallest matrix that asks has 8 MiB.
    server.write("wide.csv", wide_table(1100));
    for (setting, matrices) in [("yes", 2), ("no", 0)] {
        client.call(&["CONFIG", "SET", "assess.huge-pages", setting]).good();
        client.ask("MODEL.LOAD wide IO FILE wide.csv LEONTIEF full").good();
        client.await_ready("wide");
        // All but the incomplete pages at both ends.
        let (least, most) = (matrices * (1100 * 1100 * 8 - (4 << 20)), matrices * 1100 * 1100 * 8);
        let asked = || with_huge_pages(server.process());
        wait_until("temporary matrices are freed", || (least..=most).contains(&asked()));
        client.ask("FLUSHALL").good();
        wait_until("the advice is withdrawn", || asked() == 0);
    }
}
