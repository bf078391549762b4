//! What every command does when it succeeds, and the types of its reply in RESP2 and RESP3.

use std::collections::BTreeSet;

use crate::harness::document::{assert_close, number, parsed};
use crate::harness::mini::{self, ACTIVITY_USA_C10, COEFFICIENTS, TOTALS};
use crate::harness::{Client, Reply, Server};

const INFO_FIELDS: [&str; 18] = [
    "kind",
    "state",
    "progress",
    "version",
    "digest",
    "nodes",
    "regions",
    "sectors",
    "nonzeros",
    "bytes",
    "precision",
    "leontief",
    "output",
    "indicators",
    "warnings",
    "source",
    "hits",
    "misses",
];

/// Runs `check` on a connection that speaks RESP2 and on one that speaks RESP3.
fn in_both_protocols(server: &Server, check: impl Fn(&mut Client, bool)) {
    check(&mut server.client(), false);
    check(&mut server.client().resp3(), true);
}

fn is_map(reply: &Reply, resp3: bool) -> bool {
    if resp3 { matches!(reply, Reply::Map(_)) } else { matches!(reply, Reply::Array(_)) }
}

fn is_double(reply: &Reply, resp3: bool) -> bool {
    if resp3 { matches!(reply, Reply::Double(_)) } else { matches!(reply, Reply::Bulk(_)) }
}

#[test]
fn load_replies_a_summary_of_the_table() {
    let server = Server::start();
    server.write("mini.csv", mini::TABLE);
    in_both_protocols(&server, |client, resp3| {
        let reply = client.ask("MODEL.LOAD icio IO FILE mini.csv FORMAT icio OUTPUT reported PRECISION f64").good();
        assert!(is_map(&reply, resp3), "{reply:?}");
        let summary = reply.map();
        assert_eq!(summary["kind"].text(), "io");
        assert!(["deriving", "ready"].contains(&summary["state"].text().as_str()), "{summary:?}");
        let counts = ["nodes", "regions", "sectors", "nonzeros"].map(|field| summary[field].integer());
        assert_eq!(counts, [4, 2, 2, 9]);
    });
    assert_eq!(server.client().ask("TYPE icio"), Reply::Simple("assessmdl".to_owned()));
}

#[test]
fn set_takes_the_same_table_from_the_client() {
    let (server, mut client) = Server::with_mini(&[]);
    let loaded = client.model("icio")["digest"].clone();
    in_both_protocols(&server, |client, resp3| {
        let reply = client.call(&["MODEL.SET", "sent", "IO", mini::TABLE]).good();
        assert!(is_map(&reply, resp3), "{reply:?}");
        client.call(&["MODEL.INDICATOR", "sent", "risk", "DATA", mini::RISK, "BY", "region"]).good();
        client.await_ready("sent");
        assert_eq!(client.model("sent")["digest"], loaded);
    });
}

#[test]
fn info_has_every_field_of_the_contract() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, resp3| {
        let reply = client.ask("MODEL.INFO icio").good();
        assert!(is_map(&reply, resp3), "{reply:?}");
        let info = reply.map();
        for field in INFO_FIELDS {
            assert!(info.contains_key(field), "no {field} in {info:?}");
        }
        assert_eq!(info["state"].text(), "ready");
        assert_eq!(info["indicators"].texts()[0], "risk");
        assert_eq!(info["warnings"].array(), []);
        assert_eq!(info["precision"].text(), "f64");
        assert_eq!(info["leontief"].text(), "full");
        assert_eq!(info["output"].text(), "reported");
        assert!(info["version"].integer() > 1_600_000_000_000, "versions begin as Unix milliseconds: {info:?}");
    });
}

#[test]
fn labels_come_in_the_order_of_the_table() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, _| {
        assert_eq!(client.ask("MODEL.LABELS icio REGIONS").texts(), ["USA", "CHN"]);
        assert_eq!(client.ask("MODEL.LABELS icio SECTORS").texts(), ["C10", "C20_21"]);
        assert_eq!(client.ask("MODEL.LABELS icio NODES").texts(), ["USA|C10", "USA|C20_21", "CHN|C10", "CHN|C20_21"]);
        assert_eq!(client.ask("MODEL.LABELS icio INDICATORS").texts(), ["risk", "output"]);
    });
}

#[test]
fn list_names_models_and_nothing_else() {
    let (server, mut client) = Server::with_mini(&[]);
    server.load_mini(&mut client, "other");
    client.ask("SET plain text").good();
    in_both_protocols(&server, |client, _| {
        let all: BTreeSet<String> = client.ask("MODEL.LIST").texts().into_iter().collect();
        assert_eq!(all, BTreeSet::from(["icio".to_owned(), "other".to_owned()]));
        assert_eq!(client.ask("MODEL.LIST oth*").texts(), ["other"]);
        assert_eq!(client.ask("MODEL.LIST nothing*").texts(), [""; 0]);
    });
}

#[test]
fn coefficients_are_inputs_per_unit_of_output() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, resp3| {
        for (from, to, value) in COEFFICIENTS {
            let reply = client.ask(&format!("MODEL.COEF icio {from} {to}"));
            assert!(is_double(&reply, resp3), "{reply:?}");
            assert_eq!(reply.double(), value, "{from} -> {to}");
        }
        let several = client.ask("MODEL.MCOEF icio 3 USA C10 USA C20_21 USA C10 XXX C10 CHN C10 USA C10");
        assert_eq!(several.array()[0].double(), 0.3);
        assert_eq!(several.array()[1], Reply::Nil);
        assert_eq!(several.array()[2].double(), 0.1);
        assert!(is_double(&several.array()[0], resp3), "{several:?}");
    });
    // A double is replied as the shortest text that parses to the same value.
    assert_eq!(server.client().ask("MODEL.COEF icio USA C10 USA C20_21"), Reply::bulk("0.3"));
}

#[test]
fn every_figure_of_an_assessment_equals_the_one_computed_by_hand() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, _| {
        let document = client.assess("icio USA C10 LAYERS 2");
        let total = 169.0 / 60.0;
        assert_eq!(document["model"], "icio");
        assert_eq!(document["kind"], "io");
        assert_eq!(document["indicator"], "risk");
        assert_eq!(document["subject"]["region"], "USA");
        assert_eq!(document["subject"]["sector"], "C10");
        for (pointer, expected) in [
            ("/direct", 1.0),
            ("/layers/0", 1.0),
            ("/layers/1", 0.8),
            ("/total", total),
            ("/upstream", total - 1.0),
            ("/mean", total / ACTIVITY_USA_C10),
            ("/foreign_share", 0.65 / total),
            ("/by_region/0/value", 13.0 / 6.0),
            ("/by_region/1/value", 0.65),
            ("/by_region/1/share", 0.65 / total),
            ("/contributors/0/value", 1.5),
            ("/contributors/1/value", 2.0 / 3.0),
            ("/contributors/2/value", 0.45),
            ("/contributors/3/value", 0.2),
            // Through USA C20_21: its total 2.05 times 0.4, and so on. The values sum to the upstream part.
            ("/suppliers/0/value", 0.82),
            ("/suppliers/1/value", total * 0.2),
            ("/suppliers/2/value", 13.0 / 30.0),
            ("/concentration/nodes_80", 3.0),
        ] {
            assert_close(pointer, number(&document, pointer), expected);
        }
        let layers: f64 = (0..3).map(|layer| number(&document, &format!("/layers/{layer}"))).sum();
        assert_close("coverage", number(&document, "/coverage"), layers / total);
        assert_close("residual", number(&document, "/residual"), total - layers);
        let shares = [13.0 / 6.0 / total, 0.65 / total];
        assert_close("hhi", number(&document, "/concentration/hhi"), shares[0].powi(2) + shares[1].powi(2));
        assert_eq!(document["by_region"][0]["region"], "USA");
        assert_eq!(document["contributors"][1]["sector"], "C20_21");
        assert!(document.get("paths").is_none(), "{document}");
    });
}

#[test]
fn the_fields_of_a_document_are_in_the_order_of_the_contract() {
    let (_server, mut client) = Server::with_mini(&[]);
    let text = client.ask("ASSESS.GET icio USA C10").text();
    let order = [
        "{\"model\":",
        "\"version\":",
        "\"kind\":",
        "\"indicator\":",
        "\"unit\":",
        "\"subject\":",
        "\"direct\":",
        "\"layers\":",
        "\"upstream\":",
        "\"total\":",
        "\"mean\":",
        "\"coverage\":",
        "\"residual\":",
        "\"foreign_share\":",
        "\"concentration\":",
        "\"by_region\":",
        "\"by_sector\":",
        "\"contributors\":",
        "\"suppliers\":",
    ];
    let places = order.map(|field| text.find(field).unwrap_or_else(|| panic!("no {field} in {text}")));
    assert!(places.is_sorted(), "{places:?} in {text}");
}

#[test]
fn layers_and_top_bound_what_a_document_holds() {
    let (_server, mut client) = Server::with_mini(&[]);
    let usual = client.assess("icio USA C10");
    let short = client.assess("icio USA C10 LAYERS 0 TOP 1");
    let long = client.assess("icio USA C10 LAYERS 32 TOP 100");
    let length = |document: &serde_json::Value, field: &str| document[field].as_array().expect("a list").len();
    assert_eq!([&usual, &short, &long].map(|document| length(document, "layers")), [6, 1, 33]);
    assert_eq!([&usual, &short, &long].map(|document| length(document, "contributors")), [4, 1, 4]);
    assert_eq!(length(&short, "by_region"), 1);
    assert!(number(&long, "/coverage") > number(&usual, "/coverage"));
}

#[test]
fn a_total_of_zero_has_no_shares() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.call(&["MODEL.INDICATOR", "icio", "none", "DATA", r#"{"USA":0,"CHN":0}"#, "BY", "region"]).good();
    client.await_ready("icio");
    let document = client.assess("icio USA C10 INDICATOR none");
    assert_eq!(number(&document, "/total"), 0.0);
    assert_eq!(number(&document, "/coverage"), 1.0);
    assert_eq!(number(&document, "/concentration/nodes_80"), 0.0);
    assert!(document["foreign_share"].is_null() && document["concentration"]["hhi"].is_null(), "{document}");
}

#[test]
fn mget_answers_several_subjects_and_puts_errors_in_their_places() {
    let (server, mut client) = Server::with_mini(&[]);
    let single = client.ask("ASSESS.GET icio USA C10 TOP 2").good();
    in_both_protocols(&server, |client, _| {
        let reply = client.ask("ASSESS.MGET icio 3 USA C10 XXX C10 CHN C20_21 TOP 2");
        assert_eq!(reply.array()[0], single);
        assert_eq!(reply.array()[1].code(), "NOSUBJECT");
        let last = parsed(reply.array()[2].bytes());
        assert_close("total", number(&last, "/total"), 11.0 / 3.0);
    });
}

#[test]
fn the_key_of_an_assessment_names_its_subject_and_options() {
    let (server, mut client) = Server::with_mini(&[]);
    server.load_mini(&mut client, "{eu}:icio");
    for (arguments, key) in [
        ("icio USA C10", "assessment:{icio}:USA:C10:indicator=risk"),
        ("icio USA C10 LAYERS 5 TOP 10", "assessment:{icio}:USA:C10:indicator=risk"),
        ("icio USA C10 TOP 3 LAYERS 2", "assessment:{icio}:USA:C10:indicator=risk,layers=2,top=3"),
        ("icio USA C20_21 INDICATOR output", "assessment:{icio}:USA:C20_21:indicator=output"),
        ("{eu}:icio USA C10", "assessment:{eu}:%7Beu%7D%3Aicio:USA:C10:indicator=risk"),
    ] {
        assert_eq!(client.key_of(arguments), key);
    }
    let odd = "from_region,from_sector,to_region,to_sector,value\na:b,{c}*,a:b,{c}*,1\na:b,{c}*,a:b,,9\n";
    client.call(&["MODEL.SET", "odd", "IO", odd]).good();
    assert_eq!(client.key_of("odd a:b {c}*"), "assessment:{odd}:a%3Ab:%7Bc%7D%2A:indicator=output");
    in_both_protocols(&server, |client, _| {
        assert!(matches!(client.ask("ASSESS.KEY icio USA C10"), Reply::Bulk(_)));
    });
}

#[test]
fn rank_sorts_all_nodes_by_the_requested_figure() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, resp3| {
        let rows = client.ask("ASSESS.RANK icio").good();
        for (row, (region, sector, total)) in rows.array().iter().zip(TOTALS) {
            assert_eq!([row.array()[0].text(), row.array()[1].text()], [region, sector]);
            assert!(is_double(&row.array()[2], resp3), "{row:?}");
            assert_close("total", row.array()[2].double(), total);
        }
        assert_eq!(rows.array().len(), 4);
        let mut first = |arguments: &str| {
            let rows = client.ask(&format!("ASSESS.RANK icio {arguments}")).good();
            let row = rows.array()[0].array();
            (row[0].text(), row[1].text(), row[2].double())
        };
        for (arguments, region, sector, value) in [
            ("LIMIT 1", "CHN", "C10", 13.0 / 3.0),
            ("BY mean SECTOR C10", "CHN", "C10", 2.0),
            ("BY upstream", "CHN", "C10", 7.0 / 3.0),
            ("BY direct", "CHN", "C10", 2.0),
            ("BY foreign", "USA", "C10", 0.65 / (169.0 / 60.0)),
            ("REGION USA", "USA", "C10", 169.0 / 60.0),
            ("SECTOR C20_21 REGION USA", "USA", "C20_21", 2.05),
            ("INDICATOR output", "USA", "C10", ACTIVITY_USA_C10),
        ] {
            let (found_region, found_sector, found) = first(arguments);
            assert_eq!([found_region.as_str(), &found_sector], [region, sector], "{arguments}");
            assert_close(arguments, found, value);
        }
    });
}

#[test]
fn options_may_come_in_any_order_and_case() {
    let (_server, mut client) = Server::with_mini(&[]);
    let document = client.ask("ASSESS.GET icio USA C10 TOP 2 LAYERS 3 INDICATOR output").good();
    assert_eq!(client.ask("assess.get icio USA C10 indicator output layers 3 top 2").good(), document);
}

#[test]
fn help_explains_each_family() {
    let (server, _) = Server::with_mini(&[]);
    in_both_protocols(&server, |client, _| {
        for (command, named) in [("MODEL.HELP", "MODEL.LOAD"), ("ASSESS.HELP", "ASSESS.GET")] {
            let lines = client.ask(command).texts();
            assert!(lines.iter().any(|line| line.contains(named)), "{lines:?}");
        }
    });
}
