//! The World Input-Output Database, 2011: 41 regions, 35 sectors, against figures computed with numpy.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Client, Server, reference};

const NODES: usize = 1435;

/// A server with the table as `wiod` and the indicators of the references, ready.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) client: Client,
    folder: PathBuf,
}

impl World {
    /// `None` if the reference data are absent.
    pub(super) fn load(test: &str) -> Option<Self> {
        let folder = reference::folder(test, "wiod")?;
        let server = Server::with(&[
            &format!("assess.data-dir {}", folder.display()),
            "assess.max-batch 2000",
            "assess.default-wait-ms 60000",
        ]);
        let mut client = server.client();
        let summary = client.ask("MODEL.LOAD wiod IO FILE WIOD_2011.csv").good().map();
        assert_eq!(summary["nodes"].integer(), NODES as i64);
        let (countries, sectors) = (labels(&mut client, "REGIONS"), labels(&mut client, "SECTORS"));
        let (country, sector) = (risks("country:", &countries), risks("sector:", &sectors));
        let both = format!(r#"{{"region":{country},"sector":{sector},"mean":"geometric"}}"#);
        for (name, source, document, by) in [
            ("syn_cs", "DATA", both.as_str(), "product"),
            ("syn_country", "DATA", &country, "region"),
            ("wgi", "FILE", "risk_wgi2022.csv", "region"),
        ] {
            client.call(&["MODEL.INDICATOR", "wiod", name, source, document, "BY", by]).good();
        }
        client.await_ready("wiod");
        Some(Self { server, client, folder })
    }

    pub(super) fn json(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.folder.join(name)).expect("a reference file");
        serde_json::from_str(&text).expect("JSON")
    }
}

fn labels(client: &mut Client, set: &str) -> Vec<String> {
    client.ask(&format!("MODEL.LABELS wiod {set}")).texts()
}

/// The synthetic risk of a label: the upper 53 bits of its FNV-1a hash, as a fraction.
fn risk(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

fn risks(prefix: &str, labels: &[String]) -> String {
    let values: serde_json::Map<String, Value> =
        labels.iter().map(|label| (label.clone(), risk(&format!("{prefix}{label}")).into())).collect();
    Value::Object(values).to_string()
}

/// The indicator here for a name in the references.
fn indicator(name: &str) -> &str {
    if name == "ones" { "output" } else { name }
}

/// `USA.c3` as the arguments of a query.
pub(super) fn node(name: &str) -> String {
    name.replacen('.', " ", 1)
}

/// Values of a list in a document by their labels (`USA` or `USA.c3`).
fn by_label(document: &Value, list: &str) -> HashMap<String, f64> {
    let items = document[list].as_array().expect("a list");
    items
        .iter()
        .map(|item| {
            let parts = ["region", "sector"].map(|part| item[part].as_str().unwrap_or_default());
            (parts.join(".").trim_matches('.').to_owned(), number(item, "/value"))
        })
        .collect()
}

/// Asserts that each label of a reference (a map, or an array of pairs) has its value in the document's list.
#[track_caller]
fn assert_listed(what: &str, found: &HashMap<String, f64>, expected: &Value) {
    let pairs: Vec<(String, f64)> = match expected {
        Value::Object(map) => {
            map.iter().map(|(label, value)| (label.clone(), value.as_f64().expect("a number"))).collect()
        }
        Value::Array(items) => {
            items.iter().map(|item| (item[0].as_str().expect("a label").to_owned(), number(item, "/1"))).collect()
        }
        other => panic!("{what}: {other}"),
    };
    for (label, value) in pairs {
        // A list leaves out only zeros and the items below its end.
        assert_close(&format!("{what} {label}"), found.get(&label).copied().unwrap_or(0.0), value);
    }
}

#[track_caller]
fn assert_series(what: &str, found: &Value, expected: &Value) {
    let numbers = |series: &Value| -> Vec<f64> {
        series.as_array().expect("a series").iter().map(|value| value.as_f64().expect("a number")).collect()
    };
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        assert_close(&format!("{what}[{k}]"), found, expected);
    }
}

/// Calls `check` with every indicator, node and reference of a file's `assess`.
fn each_reference(references: &Value, mut check: impl FnMut(&str, &str, &Value)) {
    for (name, nodes) in references["assess"].as_object().expect("indicators") {
        for (node, expected) in nodes.as_object().expect("nodes") {
            check(name, node, expected);
        }
    }
}

#[test]
fn every_field_of_an_assessment_equals_the_reference() {
    let Some(mut world) = World::load("every_field_of_an_assessment_equals_the_reference") else { return };
    let references = world.json("wiod_2011_ref.json");
    each_reference(&references, |name, label, expected| {
        let what = format!("{name} {label}");
        let query = format!("wiod {} LAYERS 12 TOP {NODES} INDICATOR", node(label));
        let document = world.client.assess(&format!("{query} {}", indicator(name)));
        let activity = world.client.assess(&format!("{query} output"));
        for (ours, theirs) in
            [("/direct", "direct"), ("/total", "total"), ("/upstream", "upstream"), ("/mean", "weighted_mean_risk")]
        {
            assert_close(&format!("{what} {theirs}"), number(&document, ours), number(&expected[theirs], ""));
        }
        assert_series(&format!("{what} tiers"), &document["layers"], &expected["tiers"]);
        assert_series(&format!("{what} tier_activity"), &activity["layers"], &expected["tier_activity"]);
        assert_close(&what, number(&activity, "/total"), number(&expected["total_activity"], ""));
        for (k, coverage) in expected["coverage_at"].as_array().expect("a series").iter().enumerate() {
            let short =
                world.client.assess(&format!("wiod {} LAYERS {k} TOP 1 INDICATOR {}", node(label), indicator(name)));
            assert_close(&format!("{what} coverage at {k}"), number(&short, "/coverage"), number(coverage, ""));
        }
        assert_listed(&format!("{what} by_country"), &by_label(&document, "by_region"), &expected["by_country"]);
        assert_listed(&format!("{what} by_sector"), &by_label(&document, "by_sector"), &expected["by_sector"]);
        let mut upstream = by_label(&document, "contributors");
        // The reference leaves out the node's own direct part.
        *upstream.entry(label.to_owned()).or_default() -= number(&document, "/direct");
        assert_listed(&format!("{what} top_upstream"), &upstream, &expected["top_upstream"]);
    });
}

#[test]
fn concentration_residuals_suppliers_and_contributors_equal_the_reference() {
    let Some(mut world) = World::load("concentration_residuals_suppliers_and_contributors_equal_the_reference") else {
        return;
    };
    let references = world.json("wiod_2011_more.json");
    each_reference(&references, |name, label, expected| {
        let what = format!("{name} {label}");
        let mut document = |layers: u32| {
            let arguments = format!("wiod {} LAYERS {layers} TOP 20 INDICATOR {}", node(label), indicator(name));
            world.client.assess(&arguments)
        };
        let (five, ten) = (document(5), document(10));
        for (document, ours, theirs) in [
            (&five, "/total", "total"),
            (&five, "/concentration/hhi", "hhi"),
            (&five, "/concentration/nodes_80", "nodes_80"),
            (&five, "/foreign_share", "foreign_share"),
            (&five, "/residual", "residual_5"),
            (&ten, "/residual", "residual_10"),
        ] {
            assert_close(&format!("{what} {theirs}"), number(document, ours), number(&expected[theirs], ""));
        }
        assert_listed(&format!("{what} suppliers"), &by_label(&five, "suppliers"), &expected["suppliers"]);
        assert_listed(&format!("{what} contributors"), &by_label(&five, "contributors"), &expected["contributors"]);
        for list in ["suppliers", "contributors"] {
            let first = &expected[list][0];
            if number(first, "/1") > 0.0 {
                let found = &five[list][0];
                let found =
                    [&found["region"], &found["sector"]].map(|part| part.as_str().unwrap_or_default()).join(".");
                assert_eq!(first[0].as_str(), Some(found.as_str()), "{what} {list}");
            }
        }
    });
}

#[test]
fn the_governance_index_gives_the_figures_of_the_reference() {
    let Some(mut world) = World::load("the_governance_index_gives_the_figures_of_the_reference") else { return };
    let references = world.json("wiod_2011_wgi_ref.json");
    for (label, expected) in references.as_object().expect("nodes") {
        let layers = expected["tiers"].as_array().expect("a series").len() - 1;
        let query = format!("wiod {} INDICATOR wgi LAYERS {layers} TOP 50", node(label));
        let document = world.client.assess(&query);
        for (ours, theirs) in [("/total", "total"), ("/mean", "mean_risk"), ("/foreign_share", "foreign_share")] {
            assert_close(&format!("{label} {theirs}"), number(&document, ours), number(&expected[theirs], ""));
        }
        assert_series(&format!("{label} tiers"), &document["layers"], &expected["tiers"]);
        assert_listed(&format!("{label} by_country"), &by_label(&document, "by_region"), &expected["by_country"]);
    }
}

/// The rows of a CSV file, each by the names of its header.
fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    let text = fs::read_to_string(path).expect("a reference file");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines
        .map(|line| header.iter().map(|name| (*name).to_owned()).zip(line.split(',').map(str::to_owned)).collect())
        .collect()
}

#[test]
fn all_1435_nodes_have_the_totals_of_the_reference() {
    let Some(mut world) = World::load("all_1435_nodes_have_the_totals_of_the_reference") else { return };
    let rows = rows(&world.folder.join("wiod_2011_vectors.csv"));
    assert_eq!(rows.len(), NODES);
    let subjects: Vec<String> = rows.iter().map(|row| format!("{} {}", row["country"], row["sector"])).collect();
    let mut zero_outputs = 0;
    for (name, direct, total) in [
        ("output", None, "L_colsum"),
        ("syn_cs", Some("r_syn_cs"), "m_syn_cs"),
        ("syn_country", Some("r_syn_country"), "m_syn_country"),
    ] {
        let batch = format!("ASSESS.MGET wiod {NODES} {} INDICATOR {name} LAYERS 1 TOP 5", subjects.join(" "));
        let replies = world.client.ask(&batch).good();
        for ((reply, row), subject) in replies.array().iter().zip(&rows).zip(&subjects) {
            let document = parsed(reply.bytes());
            let expected = |column: &str| -> f64 { row[column].parse().expect("a number") };
            assert_close(&format!("{name} total of {subject}"), number(&document, "/total"), expected(total));
            let direct = direct.map_or(1.0, expected);
            assert_close(&format!("{name} direct of {subject}"), number(&document, "/direct"), direct);
            if name == "output" {
                assert_close(&format!("column sum of {subject}"), number(&document, "/layers/1"), expected("colsum_A"));
                // At least 1, and no total reaches 5: it is among the first five.
                let own = by_label(&document, "contributors")[&subject.replace(' ', ".")];
                assert_close(&format!("own multiplier of {subject}"), own, expected("L_diag"));
                if expected("x") == 0.0 {
                    zero_outputs += 1;
                    assert_eq!(number(&document, "/total"), 1.0, "{subject} buys nothing");
                }
            }
        }
    }
    assert_eq!(zero_outputs, 22);
}

#[test]
fn coefficients_are_exactly_flow_divided_by_output() {
    let Some(mut world) = World::load("coefficients_are_exactly_flow_divided_by_output") else { return };
    let text = fs::read_to_string(world.folder.join("WIOD_2011.csv")).expect("the table");
    let table: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let number = |cell: &str| -> f64 { cell.parse().expect("a number") };
    let outputs = table.last().expect("the row of outputs");
    let words = |label: &str| label.replacen('_', " ", 1);
    // Every 97th coefficient: 97 is coprime to the number of nodes, so all rows and all columns occur.
    let places: Vec<(usize, usize)> =
        (0..NODES * NODES).step_by(97).map(|place| (1 + place / NODES, 1 + place % NODES)).collect();
    for part in places.chunks(1000) {
        let labels: Vec<String> =
            part.iter().map(|&(i, j)| format!("{} {}", words(table[i][0]), words(table[0][j]))).collect();
        let found = world.client.ask(&format!("MODEL.MCOEF wiod {} {}", part.len(), labels.join(" "))).good();
        for (&(i, j), found) in part.iter().zip(found.array()) {
            let output = number(outputs[j]);
            let expected = if output == 0.0 { 0.0 } else { number(table[i][j]) / output };
            assert_eq!(found.double(), expected, "{} -> {}", table[i][0], table[0][j]);
        }
    }
    for (place, expected) in world.json("wiod_2011_ref.json")["A_samples"].as_object().expect("samples") {
        let (from, to) = place.split_once("->").expect("two nodes");
        let found = world.client.ask(&format!("MODEL.COEF wiod {} {}", node(from), node(to))).double();
        assert_close(place, found, expected.as_f64().expect("a number"));
    }
}

#[test]
fn empty_columns_are_plain_nodes_without_a_warning() {
    let Some(mut world) = World::load("empty_columns_are_plain_nodes_without_a_warning") else { return };
    let info = world.client.model("wiod");
    let counts = ["nodes", "regions", "sectors"].map(|field| info[field].integer());
    assert_eq!(counts, [1435, 41, 35]);
    assert_eq!(info["output"].text(), "reported");
    let warnings = info["warnings"].texts().join("\n");
    assert!(!warnings.contains("zero"), "{warnings}");
    let document = world.client.assess("wiod CHN c19 INDICATOR syn_country");
    for field in ["/upstream", "/residual", "/foreign_share"] {
        assert_eq!(number(&document, field), 0.0, "{field}");
    }
    assert_eq!(number(&document, "/coverage"), 1.0);
}

#[test]
fn labels_of_many_nodes_are_the_same_from_a_worker_and_in_a_transaction() {
    let test = "labels_of_many_nodes_are_the_same_from_a_worker_and_in_a_transaction";
    let Some(mut world) = World::load(test) else { return };
    let alone = world.client.ask("MODEL.LABELS wiod NODES").texts();
    assert_eq!(alone.len(), NODES);
    assert_eq!(alone[0], "AUS|c1");
    let replies = world.client.pipeline(&["MULTI", "MODEL.LABELS wiod NODES", "EXEC"]);
    assert_eq!(replies[2].array()[0].texts(), alone);
}
