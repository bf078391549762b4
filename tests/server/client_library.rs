//! A public client library, unchanged, in both protocols.

use std::collections::HashMap;

use redis::{Value, cmd};

use crate::harness::Server;
use crate::harness::document::{assert_close, number, parsed};

#[test]
fn the_redis_crate_works_in_both_protocols() {
    let (server, _) = Server::with_mini(&[]);
    for query in ["", "?protocol=resp3"] {
        let mut connection = server.connection(query);
        let document: Vec<u8> =
            cmd("ASSESS.GET").arg(&["icio", "USA", "C10"]).query(&mut connection).expect("an answer");
        assert_close("total", number(&parsed(&document), "/total"), 169.0 / 60.0);
        let info: HashMap<String, Value> = cmd("MODEL.INFO").arg("icio").query(&mut connection).expect("a map");
        assert!(info.contains_key("state"), "{info:?}");
        let coefficient: f64 =
            cmd("MODEL.COEF").arg(&["icio", "USA", "C10", "USA", "C10"]).query(&mut connection).expect("a double");
        assert_eq!(coefficient, 0.2);
        let rows: Vec<(String, String, f64)> =
            cmd("ASSESS.RANK").arg(&["icio", "LIMIT", "2"]).query(&mut connection).expect("rows");
        assert_eq!((rows[0].0.as_str(), rows[0].1.as_str(), rows.len()), ("CHN", "C10", 2));
    }
}

#[test]
fn a_pipeline_gets_its_replies_in_order() {
    let (server, mut client) = Server::with_mini(&[]);
    let alone = client.ask("ASSESS.GET icio USA C10").good();
    let replies = client.pipeline(&[
        "PING",
        "ASSESS.GET icio USA C10",
        "ASSESS.GET icio XXX C10",
        "MODEL.COEF icio USA C10 USA C10",
        "ASSESS.GET icio USA C10 NOCACHE",
        "ECHO end",
    ]);
    assert_eq!(replies[1], alone);
    assert_eq!(replies[2].code(), "NOSUBJECT");
    assert_eq!(replies[3].double(), 0.2);
    assert_eq!(replies[4], alone);
    assert_eq!(replies[5].text(), "end");

    let mut pipeline = redis::pipe();
    for _ in 0..50 {
        pipeline.cmd("ASSESS.GET").arg(&["icio", "CHN", "C10"]);
    }
    let documents: Vec<String> = pipeline.query(&mut server.connection("")).expect("fifty answers");
    assert!(documents.len() == 50 && documents.iter().all(|document| document == &documents[0]));
}
