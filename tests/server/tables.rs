//! Indicators in every form, versions, options of a load, and generic commands on the key of a model.

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, mini};

fn direct(client: &mut Client, indicator: &str) -> [f64; 4] {
    client.await_ready("icio");
    ["USA C10", "USA C20_21", "CHN C10", "CHN C20_21"]
        .map(|node| number(&client.assess(&format!("icio {node} INDICATOR {indicator}")), "/direct"))
}

#[test]
fn an_indicator_is_set_by_node_region_sector_or_product() {
    let (_server, mut client) = Server::with_mini(&[]);
    let root = 2f64.sqrt();
    let nodes_json = r#"{"USA":{"C10":1,"C20_21":2},"CHN":{"C10":3,"C20_21":4}}"#;
    let nodes_csv = "region,sector,value\nUSA,C10,1\nUSA,C20_21,2\nCHN,C10,3\nCHN,C20_21,4\n";
    let product = r#"{"region":{"USA":1,"CHN":2},"sector":{"C10":1,"C20_21":2},"mean":"product"}"#;
    let geometric = product.replace(r#""product""#, r#""geometric""#);
    for (name, by, document, expected) in [
        ("a", "node", nodes_json, [1.0, 2.0, 3.0, 4.0]),
        ("b", "node", nodes_csv, [1.0, 2.0, 3.0, 4.0]),
        ("c", "region", r#"{"USA":0.25,"CHN":0.5}"#, [0.25, 0.25, 0.5, 0.5]),
        ("d", "region", "region,value\nCHN,0.5\nUSA,0.25\n", [0.25, 0.25, 0.5, 0.5]),
        ("e", "sector", r#"{"C20_21":1e-3,"C10":7}"#, [7.0, 1e-3, 7.0, 1e-3]),
        ("f", "sector", "sector,value\nC10,7\nC20_21,0\n", [7.0, 0.0, 7.0, 0.0]),
        ("g", "product", product, [1.0, 2.0, 2.0, 4.0]),
        ("h", "product", &geometric, [1.0, root, root, 2.0]),
    ] {
        assert_eq!(client.call(&["MODEL.INDICATOR", "icio", name, "DATA", document, "BY", by]), Reply::ok(), "{name}");
        for (found, expected) in direct(&mut client, name).into_iter().zip(expected) {
            assert_close(name, found, expected);
        }
    }
}

#[test]
fn default_fills_what_a_document_lacks_and_ignore_drops_what_the_model_lacks() {
    let (_server, mut client) = Server::with_mini(&[]);
    let document = r#"{"CHN":2,"MARS":9}"#;
    let set = ["MODEL.INDICATOR", "icio", "part", "DATA", document, "BY", "region", "UNIT", "kg", "DEFAULT", "0.5"];
    assert_eq!(client.call(&set).code(), "BADFILE");
    assert_eq!(client.call(&[&set[..], &["IGNORE"]].concat()), Reply::ok());
    assert_eq!(direct(&mut client, "part"), [0.5, 0.5, 2.0, 2.0]);
    assert_eq!(client.assess("icio USA C10 INDICATOR part")["unit"], "kg");
}

#[test]
fn the_first_indicator_is_the_default_and_output_always_exists() {
    let server = Server::start();
    let mut client = server.client();
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE]).good();
    client.await_ready("icio");
    assert_eq!(client.assess("icio USA C10")["indicator"], "output");
    for name in ["first", "second"] {
        client.call(&["MODEL.INDICATOR", "icio", name, "DATA", mini::RISK, "BY", "region"]).good();
    }
    client.await_ready("icio");
    assert_eq!(client.assess("icio USA C10")["indicator"], "first");
    assert_eq!(client.ask("MODEL.INDICATORDEL icio first"), Reply::Integer(1));
    assert_eq!(client.ask("MODEL.INDICATORDEL icio first"), Reply::Integer(0));
    client.await_ready("icio");
    assert_eq!(client.assess("icio USA C10")["indicator"], "second");
    assert_eq!(client.ask("MODEL.LABELS icio INDICATORS").texts(), ["second", "output"]);
}

#[test]
fn every_change_gives_a_new_version_and_versions_are_never_reused() {
    let (server, mut client) = Server::with_mini(&[]);
    let mut versions = vec![client.model_number("icio", "version")];
    let mut changed = |client: &mut Client| {
        client.await_ready("icio");
        versions.push(client.model_number("icio", "version"));
    };
    client.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", r#"{"USA":3,"CHN":4}"#, "BY", "region"]).good();
    changed(&mut client);
    client.ask("MODEL.INDICATORDEL icio risk").good();
    changed(&mut client);
    client.ask("MODEL.LOAD icio IO FILE mini.csv").good();
    changed(&mut client);
    client.ask("DEL icio").good();
    server.load_mini(&mut client, "icio");
    changed(&mut client);
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
}

#[test]
fn keep_carries_indicators_over_to_a_new_table_which_otherwise_drops_them() {
    let (server, mut client) = Server::with_mini(&[]);
    server.write("changed.csv", mini::changed_table());
    client.ask("MODEL.LOAD icio IO FILE changed.csv KEEP").good();
    assert_eq!(client.ask("MODEL.LABELS icio INDICATORS").texts(), ["risk", "output"]);
    assert_eq!(client.ask("MODEL.COEF icio CHN C10 USA C10").double(), 0.2);
    client.ask("MODEL.LOAD icio IO FILE changed.csv").good();
    assert_eq!(client.ask("MODEL.LABELS icio INDICATORS").texts(), ["output"]);
}

#[test]
fn noreplace_keeps_an_existing_key() {
    let (_server, mut client) = Server::with_mini(&[]);
    let before = client.model("icio")["version"].clone();
    assert!(client.ask("MODEL.LOAD icio IO FILE mini.csv NOREPLACE").is_error());
    assert_eq!(client.model("icio")["version"], before);
    client.ask("MODEL.LOAD fresh IO FILE mini.csv NOREPLACE").good();
}

#[test]
fn options_of_a_load_change_the_stored_model() {
    let server = Server::start();
    server.write("mini.csv", mini::TABLE);
    let mut client = server.client();
    client.ask("MODEL.LOAD icio IO FILE mini.csv PRECISION f32 LEONTIEF lazy OUTPUT rowsum").good();
    client.await_ready("icio");
    let info = client.model("icio");
    assert_eq!(["precision", "leontief", "output"].map(|field| info[field].text()), ["f32", "lazy", "rowsum"]);
    let total = number(&client.assess("icio USA C10"), "/total");
    assert!((total - mini::ACTIVITY_USA_C10).abs() < 1e-6, "{total}");
}

#[test]
fn a_plain_table_of_triples_is_read_too() {
    let server = Server::start();
    let mut client = server.client();
    server.write(
        "plain.csv",
        "from_region,from_sector,to_region,to_sector,value\n\
         A,x,A,x,20\nA,x,A,y,30\nA,y,A,x,40\nA,y,A,y,10\nA,x,A,,50\nA,y,A,,50\n",
    );
    client.ask("MODEL.LOAD plain IO FILE plain.csv").good();
    assert_eq!(client.ask("MODEL.LABELS plain NODES").texts(), ["A|x", "A|y"]);
    assert_eq!(client.ask("MODEL.COEF plain A x A y").double(), 0.3);
    client.await_ready("plain");
    assert_close("total", number(&client.assess("plain A x"), "/total"), 13.0 / 6.0);
}

#[test]
fn a_model_is_a_key_that_can_be_renamed_copied_expired_and_deleted() {
    let (_server, mut client) = Server::with_mini(&[]);
    let digest = client.model("icio")["digest"].clone();
    assert_eq!(client.ask("COPY icio copied"), Reply::Integer(1));
    assert_eq!(client.ask("RENAME icio renamed"), Reply::ok());
    for key in ["copied", "renamed"] {
        client.await_ready(key);
        assert_eq!(client.model(key)["digest"], digest);
        let document = client.assess(&format!("{key} USA C10"));
        assert_eq!(document["model"], key);
        assert_close("total", number(&document, "/total"), 169.0 / 60.0);
    }
    assert_eq!(client.ask("MODEL.INFO icio").code(), "NOMODEL");
    assert_eq!(client.ask("UNLINK copied"), Reply::Integer(1));
    assert_eq!(client.ask("PEXPIRE renamed 1"), Reply::Integer(1));
    client.await_removed("renamed");
    assert_eq!(client.ask("MODEL.LIST").array(), []);
}
