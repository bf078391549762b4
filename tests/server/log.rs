//! The lines in the log, and the version of the module.

use crate::harness::{Reply, Server, mini};

/// The lines of the module that contain `part`.
fn lines(server: &Server, part: &str) -> Vec<String> {
    server.log().lines().filter(|line| line.contains("<assess>") && line.contains(part)).map(str::to_owned).collect()
}

#[test]
fn the_version_is_in_the_list_of_modules_in_info_and_in_the_log() {
    let server = Server::start();
    let mut client = server.client();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(client.info("assess")["version"], version);
    assert_eq!(lines(&server, &format!("redis-assess {version} ")).len(), 1, "{}", server.log());
    let parts: Vec<i64> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    let modules = client.ask("MODULE LIST").array().iter().map(Reply::map).collect::<Vec<_>>();
    let module = modules.iter().find(|module| module["name"].text() == "assess").expect("the module");
    assert_eq!(module["ver"].integer(), parts[0] * 10_000 + parts[1] * 100 + parts[2]);
}

#[test]
fn every_load_logs_one_line_with_kind_key_time_and_warnings() {
    let server = Server::start();
    let mut client = server.client();
    server.write("mini.csv", mini::TABLE);
    server.write("unclosed.csv", mini::TABLE.replace("USA_C10,20,", "USA_C10,2o,"));
    client.ask("MODEL.LOAD icio IO FILE mini.csv").good();
    client.ask("SELECT 3").good();
    let from_client = client.call(&["MODEL.SET", "two\nlines", "IO", mini::TABLE, "PRECISION", "f32"]).good();
    let refused = client.ask("MODEL.LOAD icio IO FILE unclosed.csv");

    let loaded = lines(&server, "loaded ");
    assert_eq!(loaded.len(), 2, "{}", server.log());
    assert!(loaded[0].contains("loaded io model \"icio\" in db 0 from \"mini.csv\" in "), "{loaded:?}");
    assert!(loaded[0].contains(" ms: "), "{loaded:?}");
    assert!(loaded[1].contains("loaded io model \"two lines\" in db 3 from \"client\" in "), "{loaded:?}");
    for warning in from_client.map()["warnings"].texts() {
        assert!(loaded[1].contains(&warning), "{warning} is not in {loaded:?}");
    }
    let failed = lines(&server, "could not load io model \"icio\" in db 3 from \"unclosed.csv\", after ");
    assert_eq!(failed.len(), 1, "{}", server.log());
    assert!(failed[0].ends_with(refused.error()), "{failed:?}: {refused:?}");
}
