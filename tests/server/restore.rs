//! `DUMP` and `RESTORE`: a model is transferred as bytes, and damaged bytes do no harm.

use crate::harness::document::{assert_close, number};
use crate::harness::random::{Random, seed};
use crate::harness::{Reply, Server};

#[test]
fn a_dumped_model_can_be_restored_under_another_name_and_on_another_server() {
    let (_first, mut client) = Server::with_mini(&[]);
    let second = Server::start();
    let dump = client.ask("DUMP icio");
    let digest = client.model("icio")["digest"].clone();
    let mut there = second.client();
    for client in [&mut client, &mut there] {
        assert_eq!(client.call(&[b"RESTORE", &b"copy"[..], b"0", dump.bytes()]), Reply::ok());
        client.await_ready("copy");
        assert_eq!(client.model("copy")["digest"], digest);
        assert_close("total", number(&client.assess("copy USA C10"), "/total"), 169.0 / 60.0);
    }
    let before = client.ask("DUMP copy");
    assert_eq!(client.call(&[b"RESTORE", &b"copy"[..], b"0", dump.bytes()]).code(), "BUSYKEY");
    assert_eq!(client.ask("DUMP copy"), before);
}

#[test]
fn models_in_every_form_of_the_rdb_encoding_are_read() {
    // Form 1 had no history, form 2 no final demand. The files hold the same table, dumped by modules that wrote them.
    let server = Server::start();
    let mut client = server.client();
    for (form, payload, logged, regions) in [
        ("1", &include_bytes!("restore/form-1.dump")[..], 0, 0),
        ("2", include_bytes!("restore/form-2.dump"), 2, 0),
        ("3", include_bytes!("restore/form-3.dump"), 2, 2),
    ] {
        assert_eq!(client.call(&[b"RESTORE", form.as_bytes(), b"0", payload]), Reply::ok(), "form {form}");
        client.await_ready(form);
        assert_eq!(client.model_number(form, "demand_regions"), regions, "form {form}");
        assert_eq!(client.model(form)["history"].map()["entries"].integer(), logged, "form {form}");
        assert_close("total", number(&client.assess(&format!("{form} USA C10")), "/total"), 1.274221961244862);
    }
    assert_eq!(client.model("1")["digest"], client.model("2")["digest"]);
    assert_ne!(client.model("3")["digest"], client.model("2")["digest"]);
}

#[test]
fn damaged_payloads_are_refused_or_make_a_model_that_works() {
    let (mut server, mut client) = Server::with_mini(&[]);
    let dump = client.ask("DUMP icio").bytes().to_vec();
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1").good();
    let seed = seed();
    let mut random = Random::new(seed);
    let mut refused = 0;
    for round in 0..400 {
        let mut payload = dump.clone();
        // The first ten bytes state the type; the last ten hold version and checksum.
        let body = 10..payload.len() - 10;
        match round % 4 {
            0 => payload.truncate(body.start + random.below(body.len())),
            1 => payload[body.start + random.below(body.len())] = random.below(256) as u8,
            2 => payload[body.start + random.below(body.len())] ^= 1 << random.below(8),
            _ => {
                for _ in 0..8 {
                    payload[body.start + random.below(body.len())] = 0xff;
                }
            }
        }
        let reply = client.call(&[b"RESTORE", &b"damaged"[..], b"0", &payload, b"REPLACE"]);
        if reply.is_error() {
            refused += 1;
            continue;
        }
        // The value may be anything now; it can still be read, queried, saved and deleted.
        for command in
            ["MODEL.INFO damaged", "MODEL.LABELS damaged NODES", "ASSESS.GET damaged USA C10", "DUMP damaged"]
        {
            client.ask(command);
        }
        client.ask("DEBUG DIGEST-VALUE damaged").good();
    }
    assert!(server.is_running(), "seed {seed}");
    assert!(refused > 100, "seed {seed}: only {refused} refused");
    assert!(client.info_number("memory", "used_memory_peak") < 1 << 30, "seed {seed}: a damaged length was allocated");
    assert_eq!(client.info_number("assess", "panics"), 0, "seed {seed}");
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
}

#[test]
fn a_payload_of_another_version_is_refused() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1").good();
    let mut dump = client.ask("DUMP icio").bytes().to_vec();
    // The type's id ends in ten bits of encoding version: 1 byte of RDB type, 1 of length coding, 8 of id.
    dump[9] ^= 0x08;
    let reply = client.call(&[b"RESTORE", &b"later"[..], b"0", &dump]);
    assert!(reply.is_error(), "{reply:?}");
    assert!(!client.exists("later"));
}

#[test]
fn a_version_without_a_successor_is_refused() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1").good();
    let mut dump = client.ask("DUMP icio").bytes().to_vec();
    let version = client.model_number("icio", "version").to_be_bytes();
    let at = dump.windows(8).position(|bytes| bytes == version).expect("the version, as a long number");
    for crafted in [u64::MAX, u64::MAX - 1, 1 << 60] {
        dump[at..at + 8].copy_from_slice(&crafted.to_be_bytes());
        assert!(client.call(&[b"RESTORE", &b"later"[..], b"0", &dump]).is_error(), "{crafted}");
    }
    // Later changes work as before.
    assert_eq!(client.ask("MODEL.INDICATORDEL icio risk"), Reply::Integer(1));
    assert_eq!(client.info_number("assess", "panics"), 0);
}
