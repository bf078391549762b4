//! Paths, what-if and dependents of the table of 2011, against figures computed with numpy.

use serde_json::Value;

use super::wiod::{World, node};
use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Client, Reply, wait_until};

/// The labels of an array of texts and numbers, as the words of a command.
fn words(parts: &Value) -> String {
    let word = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    parts.as_array().expect("an array").iter().map(word).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_paths(what: &str, found: &Value, expected: &[Value], nodes_of: impl Fn(&Value) -> Vec<String>) {
    let found = found.as_array().expect("paths");
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        let what = format!("{what}: path {k}");
        assert_close(&what, number(found, "/value"), number(expected, "/value"));
        let nodes: Vec<String> = found["nodes"].as_array().expect("nodes").iter().map(words).collect();
        assert_eq!(nodes, nodes_of(expected), "{what}");
        assert_eq!(found["order"], nodes.len() - 1, "{what}");
    }
}

#[test]
fn the_largest_paths_equal_the_reference() {
    let Some(mut world) = World::load("the_largest_paths_equal_the_reference") else { return };
    for case in world.json("wiod_2011_depth.json")["paths"].as_array().expect("cases") {
        let (subject, expected) = (words(&case["subject"]), case["top"].as_array().expect("paths"));
        let query = format!("wiod {subject} INDICATOR syn_cs PATHS {}", expected.len());
        let document = world.client.assess(&query);
        let nodes = |path: &Value| path["nodes"].as_array().expect("nodes").iter().map(words).collect();
        assert_paths(&query, &document["paths"], expected, nodes);
    }
    for (name, case) in world.json("wiod_2011_spa.json").as_object().expect("cases") {
        let Some(expected) = case["paths"].as_array() else { continue };
        let query = format!("wiod {} INDICATOR syn_cs PATHS {}", node(name), expected.len());
        let document = world.client.assess(&query);
        let nodes = |path: &Value| {
            path["path"].as_array().expect("nodes").iter().map(|name| node(name.as_str().expect("a node"))).collect()
        };
        assert_paths(&query, &document["paths"], expected, nodes);
        for (found, expected) in document["paths"].as_array().expect("paths").iter().zip(expected) {
            assert_close(&query, number(found, "/share"), number(expected, "/share"));
        }
        // All paths above a cut-off are those of the list that reach it.
        let cutoff = number(&expected[4], "/share");
        let document = world.client.assess(&format!("wiod {} INDICATOR syn_cs CUTOFF {}", node(name), cutoff * 0.999));
        let least = number(&expected[4], "/value");
        let above = expected.iter().filter(|path| number(path, "/value") >= least).count();
        assert_eq!(document["paths"].as_array().expect("paths").len(), above, "{name}");
        assert!(document.get("truncated").is_none());
    }
}

#[test]
fn changes_of_the_table_equal_the_reference() {
    let Some(mut world) = World::load("changes_of_the_table_equal_the_reference") else { return };
    for case in world.json("wiod_2011_depth.json")["whatif"].as_array().expect("cases") {
        let query =
            format!("ASSESS.WHATIF wiod {} {} INDICATOR syn_cs", words(&case["subject"]), words(&case["changes"]));
        let document = parsed(world.client.ask(&query).good().bytes());
        for side in ["base", "changed"] {
            for (name, expected) in case[side].as_object().expect("figures") {
                assert_close(
                    &format!("{query}: {side} {name}"),
                    number(&document[side], &format!("/{name}")),
                    number(expected, ""),
                );
            }
        }
        let difference = number(&case["changed"], "/total") - number(&case["base"], "/total");
        let found = number(&document, "/difference/total");
        assert!((found - difference).abs() <= 1e-9 * number(&case["base"], "/total"), "{query}: {found}, {difference}");
    }
}

#[test]
fn dependents_equal_the_reference() {
    let Some(mut world) = World::load("dependents_equal_the_reference") else { return };
    for case in world.json("wiod_2011_depth.json")["dependents"].as_array().expect("cases") {
        let expected = case["by_share"].as_array().expect("nodes");
        let query = format!(
            "ASSESS.DEPENDENTS wiod {} INDICATOR syn_cs BY share LIMIT {}",
            words(&case["supplier"]),
            expected.len()
        );
        let document = parsed(world.client.ask(&query).good().bytes());
        let found = document["dependents"].as_array().expect("nodes");
        assert_eq!(found.len(), expected.len(), "{query}");
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((&found["region"], &found["sector"]), (&expected[0], &expected[1]), "{query}");
            assert_close(&query, number(found, "/value"), number(expected, "/2"));
            assert_close(&query, number(found, "/share"), number(expected, "/3"));
        }
    }
}

#[test]
fn a_profile_has_the_figures_of_the_assessments() {
    let Some(mut world) = World::load("a_profile_has_the_figures_of_the_assessments") else { return };
    let document = parsed(world.client.ask("ASSESS.PROFILE wiod USA c3").good().bytes());
    let indicators = document["indicators"].as_array().expect("indicators");
    let names: Vec<&str> = indicators.iter().map(|one| one["indicator"].as_str().expect("a name")).collect();
    assert_eq!(names, ["syn_cs", "syn_country", "wgi", "output"]);
    for one in indicators {
        let name = one["indicator"].as_str().expect("a name");
        let assessed = world.client.assess(&format!("wiod USA c3 INDICATOR {name}"));
        for figure in ["direct", "upstream", "total", "mean", "foreign_share"] {
            assert_eq!(one[figure], assessed[figure], "{name} {figure}");
        }
    }
}

#[test]
fn footprints_equal_the_reference() {
    let Some(mut world) = World::load("footprints_equal_the_reference") else { return };
    let reference = world.json("wiod_2011_depth.json");
    for case in reference["footprints"].as_array().expect("cases") {
        let region = case["region"].as_str().expect("a region");
        let query = format!("ASSESS.FOOTPRINT wiod REGION {region} INDICATOR syn_cs");
        let document = parsed(world.client.ask(&query).good().bytes());
        for name in ["total", "domestic", "imports", "territorial"] {
            let pointer = format!("/{name}");
            assert_close(&format!("{query}: {name}"), number(&document, &pointer), number(case, &pointer));
        }
        for (list, label) in [("by_region", "by_region_top"), ("products", "products_top")] {
            for (found, expected) in
                document[list].as_array().expect("items").iter().zip(case[label].as_array().expect("items"))
            {
                let expected = expected.as_array().expect("labels and a value");
                let (value, labels) = expected.split_last().expect("a value");
                assert_close(&format!("{query}: {list}"), number(found, "/value"), number(value, ""));
                assert_eq!(found["region"], labels[0], "{query}: {list}");
                assert_eq!(found.get("sector"), labels.get(1), "{query}: {list}");
            }
        }
    }
    let case = &reference["footprint_of_demand"];
    let query = format!("ASSESS.FOOTPRINT wiod DEMAND {} INDICATOR syn_cs", case["demand"]);
    let document = parsed(world.client.ask(&query).good().bytes());
    assert_close(&query, number(&document, "/total"), number(case, "/total"));
}

#[test]
fn an_analysis_ends_when_no_client_waits_for_it_and_does_not_delay_short_ones() {
    let Some(mut world) = World::load("an_analysis_ends_when_no_client_waits_for_it") else { return };
    // Its history counts the analyses that were completed.
    world.client.ask("MODEL.LOAD logged IO FILE WIOD_2011.csv HISTORY 1000").good();
    world.client.await_ready("logged");
    // The layers of these tables converge slowly: each takes a part of a second, all of them a minute and more.
    let slow = |k: usize| format!("ASSESS.WHATIF logged USA c14 SCALE * * * * 1.3{k:03} NOCACHE");
    let clients: Vec<Client> = (0..150)
        .map(|k| {
            let mut client = world.server.client();
            client.send_line(&slow(k));
            client
        })
        .collect();
    wait_until("an analysis runs", || world.client.info_number("assess", "running") > 0);
    world.client.ask("ASSESS.WHATIF wiod USA c14 EXTRACT CHN * NOCACHE").good();
    assert!(world.client.info_number("assess", "running") > 0, "a short analysis waited for long ones");
    drop(clients);
    let mut left = |kind| world.client.info_number("assess", kind);
    wait_until("the analyses end", || left("running") == 0 && left("backlog") == 0);
    let completed = world.client.ask("ASSESS.HISTORY logged LIMIT 1000").good().array().len();
    assert!(completed < 150, "no analysis was cancelled");
    // The request of a cancelled one is computed again.
    world.client.ask(&slow(149)).good();
    assert_eq!(world.client.ask("ASSESS.HISTORY logged LIMIT 1000").good().array().len(), completed + 1);
}

#[test]
fn an_analysis_of_a_client_that_left_another_one_before_is_cancelled_too() {
    let Some(mut world) = World::load("an_analysis_of_a_client_that_left_another_one_before") else { return };
    world.client.ask("MODEL.LOAD logged IO FILE WIOD_2011.csv HISTORY 1000").good();
    world.client.await_ready("logged");
    let slow = |factor: &str| format!("ASSESS.WHATIF logged USA c14 SCALE * * * * {factor} NOCACHE");
    let (mut leaving, mut staying) = (world.server.client(), world.server.client());
    let id = leaving.id();
    leaving.send_line(&slow("1.6"));
    staying.send_line(&slow("1.6"));
    wait_until("both wait", || world.client.info_number("assess", "blocked") == 2);
    world.client.ask(&format!("CLIENT UNBLOCK {id}")).good();
    assert_eq!(leaving.receive().code(), "NOTREADY");
    // It starts when the one before has ended, and takes as long.
    leaving.send_line(&slow("1.601"));
    staying.receive().good();
    drop(leaving);
    wait_until("the analyses end", || world.client.info_number("assess", "running") == 0);
    let history = world.client.ask("ASSESS.HISTORY logged LIMIT 1000").good();
    let is_of_leaving = |entry: &Reply| String::from_utf8_lossy(entry.bytes()).contains(",1.601]");
    assert!(!history.array().iter().any(is_of_leaving), "the analysis of a client that disconnected was completed");
}
