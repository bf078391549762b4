//! `RESTORE` of damaged and of crafted bytes: refused, or a queue that works. The server does not crash and does not
//! spin.

use super::{one_of_each, served};
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server};

/// Requests of every kind, whose outcome may be anything but a crash.
const REQUESTS: [&str; 17] = [
    "JOB.INFO damaged",
    "JOB.LIST damaged LIMIT 1000",
    "JOB.CONFIG damaged",
    "JOB.SCHEDULES damaged",
    "JOB.CLAIM damaged 3 pending delayed t COUNT 100 LEASE 1",
    "JOB.STATUS damaged in-running",
    "JOB.CANCEL damaged in-pending",
    "JOB.CANCEL damaged in-running",
    "JOB.RETRY damaged in-failed",
    "JOB.SUBMIT damaged t p UNIQUE replace",
    "JOB.SUBMIT damaged pending payload UNIQUE rerun",
    "JOB.SUBMIT damaged t p ID in-completed UNIQUE active",
    "JOB.PURGE damaged dead",
    "JOB.PURGE damaged pending",
    "JOB.CONFIG damaged MAXJOBS 3 MAXPERGROUP 1",
    "DUMP damaged",
    "MEMORY USAGE damaged",
];

fn filled() -> (Server, Client, Vec<u8>) {
    let (server, mut client) = served();
    one_of_each(&mut client);
    client.ask("JOB.CONFIG q MAXPERGROUP 2 RATE 100/5 KEEP dead 5").good();
    client.ask("JOB.SCHEDULE q s EVERY 1000 t p METADATA {}").good();
    client.call(&["JOB.SCHEDULE", "q", "c", "CRON", "* * * * * *", "TZ", "Asia/Tokyo", "t", "p"]).good();
    client.ask("JOB.SUBMIT q t p GROUP g TTL 5 TIMEOUT 5 PRIORITY high METADATA {}").good();
    client.ask("JOB.SUBMIT q t p DELAY 20").good();
    client.ask("JOB.PAUSE q x").good();
    let dump = client.ask("DUMP q").bytes().to_vec();
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1").good();
    (server, client, dump)
}

#[test]
fn damaged_payloads_are_refused_or_make_a_queue_that_works() {
    let (mut server, mut client, dump) = filled();
    let seed = seed();
    let mut random = Random::new(seed);
    let (mut refused, mut restored) = (0, 0);
    for round in 0..1500 {
        let mut payload = dump.clone();
        // The first ten bytes state the type; the last ten hold version and checksum.
        let body = 10..payload.len() - 10;
        match round % 5 {
            0 => payload.truncate(body.start + random.below(body.len())),
            1 => payload[body.start + random.below(body.len())] = random.below(256) as u8,
            2 => payload[body.start + random.below(body.len())] ^= 1 << random.below(8),
            3 => {
                let at = body.start + random.below(body.len());
                let end = (at + 9).min(body.end);
                payload[at..end].fill(0xff);
            }
            _ => {
                for _ in 0..4 {
                    payload[body.start + random.below(body.len())] ^= random.below(256) as u8;
                }
            }
        }
        let reply = client.call(&[b"RESTORE", &b"damaged"[..], b"0", &payload, b"REPLACE"]);
        if reply.is_error() {
            refused += 1;
            continue;
        }
        restored += 1;
        client.pipeline(&REQUESTS);
        client.ask("DEBUG DIGEST-VALUE damaged").good();
        if restored % 10 == 0 {
            // What it became can be saved and loaded.
            client.ask("COPY damaged kept REPLACE");
            client.ask("DEBUG RELOAD").good();
        }
    }
    println!("{refused} refused, {restored} restored");
    assert!(server.is_running(), "seed {seed}");
    assert!(refused > 300 && restored > 100, "seed {seed}: {refused} refused, {restored} restored");
    assert!(client.info_number("memory", "used_memory_peak") < 1 << 30, "seed {seed}: a damaged length was allocated");
    assert_eq!(client.info_number("assess", "panics"), 0, "seed {seed}");
    assert_eq!(client.queue_number("completed"), 1, "the intact queue works");
}

/// Numbers of the encoding: seven bits a byte, the lowest first.
fn encoded(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A dump of a queue with one delayed job, and where the time of its delay is.
fn delayed(client: &mut Client, at: u64) -> (Vec<u8>, usize) {
    client.ask("DEL q").good();
    client.ask(&format!("JOB.SUBMIT q t p ID a AT {at}")).good();
    let dump = client.ask("DUMP q").bytes().to_vec();
    let bytes = encoded(at);
    let place = dump.windows(bytes.len()).position(|window| window == bytes).expect("the time is in the dump");
    (dump, place)
}

/// Where a dump has the two lengths of its frame: as a number, and as a string. The frame follows.
const LENGTHS: [usize; 2] = [11, 13];

/// A dump with other bytes in a place, and the lengths of the frame corrected.
fn with_number(dump: &[u8], at: usize, old: usize, new: &[u8]) -> Vec<u8> {
    let mut changed = [&dump[..at], new, &dump[at + old..]].concat();
    for place in LENGTHS {
        assert!(changed[place] < 0x40 - 12, "the length has one byte: {dump:?}");
        changed[place] = changed[place] + new.len() as u8 - old as u8;
    }
    changed
}

#[test]
fn a_crafted_time_at_the_end_of_all_numbers_does_not_make_the_server_spin() {
    let (_server, mut client, _) = filled();
    let (dump, place) = delayed(&mut client, 4_000_000_000_000);
    let (old, mut restored) = (encoded(4_000_000_000_000).len(), 0);
    for time in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, u64::MAX / 1000, i64::MAX as u64 / 1000] {
        let payload = with_number(&dump, place, old, &encoded(time));
        let reply = client.call(&[b"RESTORE", &b"damaged"[..], b"0", &payload, b"REPLACE"]);
        if reply.is_error() {
            continue;
        }
        restored += 1;
        client.ask("DEL q").good();
        let before = client.info_number("assess", "slices");
        std::thread::sleep(std::time::Duration::from_millis(100));
        let after = client.info_number("assess", "slices");
        assert!(after - before < 20, "{time}: the timer fired {} times", after - before);
        client.ask("DEL damaged").good();
    }
    assert!(restored > 0, "every time was refused");
}

#[test]
fn a_place_without_a_successor_is_refused_or_leaves_room_for_jobs() {
    let (_server, mut client, _) = filled();
    let (dump, _) = delayed(&mut client, 4_000_000_000_000);
    // The frame begins with the kind of the change and the place in the order of submission, which is 0.
    let place = 15;
    assert_eq!(dump[place], 0, "{dump:?}");
    for seq in [u64::MAX, u64::MAX - 1, u64::MAX - 2, 1 << 63] {
        let payload = with_number(&dump, place, 1, &encoded(seq));
        let reply = client.call(&[b"RESTORE", &b"damaged"[..], b"0", &payload, b"REPLACE"]);
        if reply.is_error() {
            continue;
        }
        for id in ["x", "y", "z"] {
            let reply = client.ask(&format!("JOB.SUBMIT damaged t p ID {id}"));
            let exists = !client.ask(&format!("JOB.STATUS damaged {id}")).is_error();
            assert_eq!(!reply.is_error(), exists, "{seq}: {reply:?}");
        }
    }
    assert_eq!(client.info_number("assess", "panics"), 0);
}

#[test]
fn a_payload_of_another_version_is_refused() {
    let (_server, mut client, mut dump) = filled();
    // The type's id ends in ten bits of encoding version: 1 byte of RDB type, 1 of length coding, 8 of id.
    dump[9] ^= 0x08;
    assert!(client.call(&[b"RESTORE", &b"later"[..], b"0", &dump]).is_error());
    assert_eq!(client.ask("EXISTS later"), Reply::Integer(0));
}
