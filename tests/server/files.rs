//! Files that cannot be used: the error names the fault, by line and column where possible. Paths that lead out of the
//! data folder. Nothing changes.

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{Client, Server, mini};

/// Asserts that a load of this path fails with `BADFILE` and a text with all the parts, and that nothing changes.
#[track_caller]
fn assert_refused(client: &mut Client, path: &str, parts: &[&str]) {
    let before = (client.ask("DBSIZE"), client.ask("DEBUG DIGEST"), client.model("icio")["version"].clone());
    for key in ["icio", "fresh"] {
        let reply = client.call(&["MODEL.LOAD", key, "IO", "FILE", path]);
        assert_eq!(reply.code(), "BADFILE", "{path}: {reply:?}");
        for part in parts {
            assert!(reply.error().contains(part), "{path}: {:?} does not say {part:?}", reply.error());
        }
    }
    let after = (client.ask("DBSIZE"), client.ask("DEBUG DIGEST"), client.model("icio")["version"].clone());
    assert_eq!(before, after, "{path}");
}

/// Writes the mini table with one change, and asserts that it is refused.
#[track_caller]
fn assert_change_refused(server: &Server, client: &mut Client, what: (&str, &str), parts: &[&str]) {
    let (old, new) = what;
    assert!(mini::TABLE.contains(old), "{old}");
    server.write("changed.csv", mini::TABLE.replacen(old, new, 1));
    assert_refused(client, "changed.csv", parts);
}

#[test]
fn a_table_with_a_bad_cell_names_its_line_and_column() {
    let (server, mut client) = Server::with_mini(&[]);
    for (change, parts) in [
        // USA_C20_21 is on the third line; its first number is the second cell.
        (("USA_C20_21,40", "USA_C20_21,4o"), ["line 3", "column 2"]),
        (("USA_C20_21,40", "USA_C20_21,NaN"), ["line 3", "column 2"]),
        (("USA_C20_21,40,10", "USA_C20_21,40,inf"), ["line 3", "column 3"]),
        (("USA_C20_21,40", "USA_C20_21,1e999"), ["line 3", "column 2"]),
    ] {
        assert_change_refused(&server, &mut client, change, &parts);
    }
}

#[test]
fn a_ragged_table_names_the_line() {
    let (server, mut client) = Server::with_mini(&[]);
    for change in [
        ("CHN_C10,10,0,20,30,0,40,100", "CHN_C10,10,0,20,30,0,40"),
        ("CHN_C10,10,0,20,30,0,40,100", "CHN_C10,10,0,20,30,0,40,100,7"),
        ("CHN_C10,10,0,20,30,0,40,100", "CHN_C10"),
    ] {
        assert_change_refused(&server, &mut client, change, &["line 4"]);
    }
}

#[test]
fn a_label_that_occurs_twice_is_refused() {
    let (server, mut client) = Server::with_mini(&[]);
    assert_change_refused(&server, &mut client, ("\nCHN_C10,", "\nUSA_C10,"), &["line 4"]);
    assert_change_refused(
        &server,
        &mut client,
        ("USA_C10,USA_C20_21,CHN_C10,", "USA_C10,USA_C20_21,USA_C10,"),
        &["line 1", "column 4"],
    );
}

#[test]
fn a_table_that_ends_too_early_is_refused() {
    let (server, mut client) = Server::with_mini(&[]);
    let end = mini::TABLE.find("30,0,40,100").expect("the row of CHN_C10");
    server.write("cut.csv", &mini::TABLE[..end]);
    // The row of the last column is missing.
    assert_refused(&mut client, "cut.csv", &["cut short", "line 1", "column 5"]);
    server.write("header.csv", mini::TABLE.lines().next().expect("a header"));
    assert_refused(&mut client, "header.csv", &[]);
    for (name, content) in [("empty.csv", ""), ("blank.csv", "\n\n\n"), ("text.csv", "Dear Sir or Madam,\n")] {
        server.write(name, content);
        assert_refused(&mut client, name, &[]);
    }
}

#[test]
fn an_output_below_zero_is_refused() {
    let (server, mut client) = Server::with_mini(&[]);
    assert_change_refused(&server, &mut client, ("OUT,100,100", "OUT,100,-100"), &["output"]);
}

#[test]
fn a_table_whose_series_does_not_converge_names_the_cause() {
    let (server, mut client) = Server::with_mini(&[]);
    // USA C10 buys 140 for an output of 100, most of it from itself.
    assert_change_refused(&server, &mut client, ("USA_C10,20,", "USA_C10,120,"), &["USA C10"]);
}

#[test]
fn damaged_archives_are_refused() {
    let (server, mut client) = Server::with_mini(&[]);
    server.write("cut.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c");
    server.write("cut.zip", b"PK\x03\x04\x14\x00\x00\x00");
    for name in ["cut.csv.gz", "cut.zip"] {
        assert_refused(&mut client, name, &[]);
    }
}

#[test]
fn only_paths_below_the_data_folder_are_read() {
    let (server, mut client) = Server::with_mini(&[]);
    fs::write(server.folder().join("secret.csv"), mini::TABLE).expect("a file beside the data folder");
    symlink(server.folder().join("secret.csv"), server.tables().join("link.csv")).expect("a link");
    symlink("..", server.tables().join("up")).expect("a link");
    symlink("nowhere", server.tables().join("dangling")).expect("a link");
    fs::create_dir(server.tables().join("folder")).expect("a folder");
    let absolute = server.tables().join("mini.csv");
    for path in [
        "../secret.csv",
        "folder/../../secret.csv",
        "folder/../mini.csv",
        absolute.to_str().expect("a path of text"),
        "/etc/passwd",
        "link.csv",
        "up/secret.csv",
        "dangling",
        "nothing.csv",
        "folder",
        "mini.csv/more",
        "",
    ] {
        assert_refused(&mut client, path, &[]);
        let risk = client.call(&["MODEL.INDICATOR", "icio", "x", "FILE", path, "BY", "region"]);
        assert_eq!(risk.code(), "BADFILE", "{path}: {risk:?}");
    }
}

#[test]
fn a_link_that_stays_below_the_data_folder_is_followed() {
    let (server, mut client) = Server::with_mini(&[]);
    symlink("mini.csv", server.tables().join("latest.csv")).expect("a link");
    client.ask("MODEL.LOAD icio IO FILE latest.csv").good();
}

#[test]
fn without_a_data_folder_no_file_is_read() {
    let server = Server::with(&["assess.data-dir \"\""]);
    let mut client = server.client();
    for command in ["MODEL.LOAD icio IO FILE mini.csv", "MODEL.LOAD icio IO FILE /etc/passwd"] {
        let reply = client.ask(command);
        assert_eq!(reply.code(), "ERR", "{reply:?}");
        assert!(reply.error().contains("assess.data-dir"), "{reply:?}");
    }
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE]).good();
}

#[test]
fn indicator_documents_that_cannot_be_used_are_refused() {
    let (_server, mut client) = Server::with_mini(&[]);
    let before = (client.ask("DEBUG DIGEST"), client.model("icio")["version"].clone());
    for (by, document, part) in [
        ("region", r#"{"USA":1}"#, "DEFAULT"),
        ("region", r#"{"USA":1,"CHN":2,"MARS":3}"#, "IGNORE"),
        ("region", r#"{"USA":1,"CHN":1e999}"#, ""),
        ("region", r#"{"USA":1,"CHN":"two"}"#, ""),
        ("region", r#"{"USA":1,"CHN":null}"#, ""),
        ("region", r#"{"USA":1,"USA":1,"CHN":2}"#, ""),
        ("region", r#"{"USA":1,"CHN":2"#, ""),
        ("region", "[1,2]", ""),
        ("region", "", ""),
        ("region", "region,value\nUSA,1\nCHN,NaN\n", "line 3"),
        ("region", "region,value\nUSA,1\nCHN,two\n", "line 3"),
        ("region", "region,value\nUSA,1\nUSA,1\nCHN,2\n", "line 3"),
        ("region", "region,value\nUSA,1,2\nCHN,2\n", "line 2"),
        ("region", "sector,value\nC10,1\n", "line 1"),
        ("sector", r#"{"C10":1}"#, "DEFAULT"),
        ("node", r#"{"USA":{"C10":1}}"#, "DEFAULT"),
        ("node", r#"{"USA":1}"#, ""),
        ("product", r#"{"region":{"USA":1,"CHN":2}}"#, ""),
        ("product", "region,value\nUSA,1\n", ""),
    ] {
        let reply = client.call(&["MODEL.INDICATOR", "icio", "x", "DATA", document, "BY", by]);
        assert_eq!(reply.code(), "BADFILE", "{document}: {reply:?}");
        assert!(reply.error().contains(part), "{document}: {reply:?}");
    }
    assert_eq!((client.ask("DEBUG DIGEST"), client.model("icio")["version"].clone()), before);
}
