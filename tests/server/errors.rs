//! Commands that fail: each replies its code and a text that states the reason, and changes nothing.

use crate::harness::{Client, Server};

/// The state that must be the same before and after a command that fails.
fn state(client: &mut Client) -> (i64, String, String) {
    let mut info = client.model("icio");
    // Queries are counted even when they fail; that is no change of state.
    for field in ["hits", "misses"] {
        info.remove(field);
    }
    (client.ask("DBSIZE").integer(), client.ask("DEBUG DIGEST").text(), format!("{info:?}"))
}

/// Asserts that each command fails with this code and a text that holds this part, and that nothing changes.
fn assert_each_fails(client: &mut Client, cases: &[(&str, &str, &str)]) {
    let before = state(client);
    for (command, code, part) in cases {
        let reply = client.ask(command);
        assert_eq!(reply.code(), *code, "{command}: {reply:?}");
        let text = reply.error();
        assert!(text.to_lowercase().contains(&part.to_lowercase()), "{command}: {text:?} does not say {part:?}");
        assert!(text.is_ascii(), "{command}: {text:?}");
        assert_eq!(state(client), before, "{command} has changed something");
    }
}

#[test]
fn wrong_numbers_of_arguments_fail() {
    let (_server, mut client) = Server::with_mini(&[]);
    let cases: Vec<(&str, &str, &str)> = [
        "MODEL.LOAD icio",
        "MODEL.LOAD icio IO FILE",
        "MODEL.SET icio IO",
        "MODEL.ABORT",
        "MODEL.ABORT icio more",
        "MODEL.INDICATOR icio risk",
        "MODEL.INDICATORDEL icio",
        "MODEL.INFO",
        "MODEL.INFO icio more",
        "MODEL.LABELS icio",
        "MODEL.COEF icio USA C10 USA",
        "MODEL.COEF icio USA C10 USA C10 more",
        "MODEL.MCOEF icio 1",
        "MODEL.HS icio",
        "MODEL.DROP icio",
        "ASSESS.GET icio",
        "ASSESS.MGET icio 1",
        "ASSESS.BATCH icio 1",
        "ASSESS.KEY icio",
        "ASSESS.HISTORY",
        "ASSESS.RANK",
        "MODEL.HELP more",
    ]
    .map(|command| (command, "ERR", "wrong number of arguments"))
    .to_vec();
    assert_each_fails(&mut client, &cases);
}

#[test]
fn unknown_repeated_and_out_of_range_options_fail() {
    let (_server, mut client) = Server::with_mini(&[]);
    assert_each_fails(
        &mut client,
        &[
            ("MODEL.LOAD icio MUSIC FILE mini.csv", "ERR", "IO, SCORE and ORIGIN"),
            ("MODEL.LOAD icio SCORE FILE mini.csv", "BADFILE", "FORMAT"),
            ("MODEL.LOAD icio SCORE FILE mini.csv KEEP", "ERR", "KEEP"),
            ("MODEL.LOAD icio ORIGIN FILE mini.csv FORMAT icio", "ERR", "FORMAT"),
            ("MODEL.LOAD icio IO FILE mini.csv DECIMALS 2", "ERR", "DECIMALS"),
            ("ASSESS.GET icio USA", "ERR", "subject"),
            ("ASSESS.KEY icio USA", "ERR", "subject"),
            ("MODEL.LOAD icio IO PATH mini.csv", "ERR", "FILE"),
            ("MODEL.LOAD icio IO FILE mini.csv BOGUS", "ERR", "option"),
            ("MODEL.LOAD icio IO FILE mini.csv FORMAT pdf", "ERR", "FORMAT"),
            ("MODEL.LOAD icio IO FILE mini.csv OUTPUT guessed", "ERR", "OUTPUT"),
            ("MODEL.LOAD icio IO FILE mini.csv SPLIT up", "ERR", "SPLIT"),
            ("MODEL.LOAD icio IO FILE mini.csv PRECISION f16", "ERR", "PRECISION"),
            ("MODEL.LOAD icio IO FILE mini.csv LEONTIEF half", "ERR", "LEONTIEF"),
            ("MODEL.LOAD icio IO FILE mini.csv KEEP KEEP", "ERR", "KEEP"),
            ("MODEL.LOAD icio IO FILE mini.csv PRECISION f32 PRECISION f32", "ERR", "PRECISION"),
            ("MODEL.LABELS icio COLOURS", "ERR", "REGIONS"),
            ("MODEL.INDICATOR icio x DATA {} BY colour", "ERR", "BY"),
            ("MODEL.INDICATOR icio x TEXT {} BY region", "ERR", "DATA"),
            ("MODEL.INDICATOR icio x DATA {} BY region DEFAULT nan", "ERR", "DEFAULT"),
            ("MODEL.INDICATOR icio x DATA {} BY region DEFAULT nan", "ERR", "DEFAULT"),
            ("MODEL.INDICATOR icio x DATA {} BY region IGNORE IGNORE", "ERR", "IGNORE"),
            ("ASSESS.GET icio USA C10 BOGUS", "ERR", "option"),
            ("ASSESS.GET icio USA C10 LAYERS", "ERR", "LAYERS"),
            ("ASSESS.GET icio USA C10 LAYERS 33", "ERR", "LAYERS"),
            ("ASSESS.GET icio USA C10 LAYERS -1", "ERR", "LAYERS"),
            ("ASSESS.GET icio USA C10 LAYERS 3 LAYERS 3", "ERR", "LAYERS"),
            ("ASSESS.GET icio USA C10 LAYERS three", "ERR", "LAYERS"),
            ("ASSESS.GET icio USA C10 TOP 1.5", "ERR", "TOP"),
            ("ASSESS.GET icio USA C10 TTL 0", "ERR", "TTL"),
            ("ASSESS.GET icio USA C10 TTL 5 PX 5", "ERR", "PX"),
            ("ASSESS.GET icio USA C10 NOCACHE NOCACHE", "ERR", "NOCACHE"),
            ("ASSESS.KEY icio USA C10 TTL 5", "ERR", "option"),
            ("ASSESS.MGET icio 2 USA C10", "ERR", "subject"),
            ("ASSESS.MGET icio 0 USA C10", "ERR", ""),
            ("ASSESS.MGET icio -1 USA C10", "ERR", ""),
            ("ASSESS.MGET icio 101 USA C10", "TOOBIG", "assess.max-batch"),
            ("MODEL.MCOEF icio 101 a b c d", "TOOBIG", "assess.max-batch"),
            ("MODEL.MCOEF icio 2 a b c d", "ERR", ""),
            ("ASSESS.RANK icio BY colour", "ERR", "BY"),
            ("ASSESS.RANK icio LIMIT 0", "ERR", "LIMIT"),
            ("ASSESS.RANK icio LIMIT 3 LIMIT 3", "ERR", "LIMIT"),
        ],
    );
}

#[test]
fn labels_and_indicators_that_a_model_lacks_fail() {
    let (_server, mut client) = Server::with_mini(&[]);
    assert_each_fails(
        &mut client,
        &[
            ("ASSESS.GET icio XXX C10", "NOSUBJECT", "region"),
            ("ASSESS.GET icio USA C99", "NOSUBJECT", "sector"),
            ("ASSESS.GET icio usa C10", "NOSUBJECT", ""),
            ("ASSESS.KEY icio XXX C10", "NOSUBJECT", "region"),
            ("ASSESS.KEY icio USA C10 INDICATOR nothing", "NOINDICATOR", ""),
            ("ASSESS.RANK icio REGION XXX", "NOSUBJECT", "region"),
            ("ASSESS.RANK icio SECTOR XXX", "NOSUBJECT", "sector"),
            ("MODEL.COEF icio XXX C10 USA C10", "NOSUBJECT", ""),
            ("MODEL.COEF icio USA C10 USA C99", "NOSUBJECT", ""),
            ("ASSESS.GET icio USA C10 INDICATOR nothing", "NOINDICATOR", "MODEL.LABELS"),
            ("ASSESS.RANK icio INDICATOR nothing", "NOINDICATOR", ""),
        ],
    );
}

#[test]
fn commands_on_keys_without_a_model_fail() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("SET text something").good();
    client.ask("RPUSH list something").good();
    let commands = [
        "MODEL.INDICATOR %KEY% risk DATA {} BY region",
        "MODEL.INDICATORDEL %KEY% risk",
        "MODEL.INFO %KEY%",
        "MODEL.LABELS %KEY% REGIONS",
        "MODEL.COEF %KEY% USA C10 USA C10",
        "MODEL.MCOEF %KEY% 1 USA C10 USA C10",
        "ASSESS.GET %KEY% USA C10",
        "ASSESS.MGET %KEY% 1 USA C10",
        "ASSESS.KEY %KEY% USA C10",
        "ASSESS.RANK %KEY%",
    ];
    for command in commands {
        for (key, code) in [("text", "WRONGTYPE"), ("list", "WRONGTYPE"), ("nothing", "NOMODEL")] {
            assert_each_fails(&mut client, &[(&command.replace("%KEY%", key), code, "")]);
        }
    }
    // A load would replace a value that the module did not write.
    assert_each_fails(&mut client, &[("MODEL.LOAD text IO FILE mini.csv", "WRONGTYPE", "")]);
    assert_each_fails(&mut client, &[("MODEL.ABORT icio", "ERR", "")]);
}

#[test]
fn a_model_key_that_cannot_be_part_of_a_cache_key_fails() {
    let (_server, mut client) = Server::with_mini(&[]);
    assert_each_fails(
        &mut client,
        &[("MODEL.LOAD a}b IO FILE mini.csv", "ERR", "}"), ("MODEL.LOAD {}x IO FILE mini.csv", "ERR", "}")],
    );
}

#[test]
fn the_internal_command_is_not_for_clients() {
    let (_server, mut client) = Server::with_mini(&[]);
    let refused = client.ask("MODEL.REPLAY icio INDICATORDEL 1 risk");
    assert!(refused.is_error(), "{refused:?}");
    assert_eq!(client.ask("MODEL.LABELS icio INDICATORS").texts(), ["risk", "output"]);
}

#[test]
fn payloads_over_the_limit_fail() {
    let (_server, mut client) = Server::with_mini(&["assess.max-payload 300"]);
    let before = state(&mut client);
    let long = "x".repeat(301);
    assert_eq!(client.call(&["MODEL.SET", "icio", "IO", &long]).code(), "TOOBIG");
    assert_eq!(client.call(&["MODEL.INDICATOR", "icio", "x", "DATA", &long, "BY", "region"]).code(), "TOOBIG");
    assert_eq!(state(&mut client), before);
}

#[test]
fn bytes_of_any_kind_are_answered_with_an_error() {
    let (_server, mut client) = Server::with_mini(&[]);
    let before = state(&mut client);
    for word in [&b"\0"[..], b"", b"\xff\xfe", b"a\r\nb", "ü".as_bytes(), &[b'x'; 100_000]] {
        for place in 2..=4 {
            let mut words: Vec<&[u8]> = vec![b"ASSESS.GET", b"icio", b"USA", b"C10", b"INDICATOR"];
            words[place] = word;
            if place == 4 {
                words.push(b"risk");
            }
            assert!(client.call(&words).is_error());
        }
        assert!(client.call(&[b"MODEL.LOAD", &b"icio"[..], b"IO", b"FILE", word]).is_error());
        assert!(client.call(&[b"MODEL.INDICATOR", &b"icio"[..], b"x", b"DATA", word, b"BY", b"region"]).is_error());
        assert!(client.call(&[b"MODEL.SET", &b"icio"[..], b"IO", word]).is_error());
    }
    assert_eq!(state(&mut client), before);
}
