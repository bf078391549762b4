//! What servers newer than Redis 7.0 offer is used where it is there; and the tips that cluster clients read.

use crate::harness::{Client, Reply, Server};

/// The version as numbers, and whether the server is Valkey.
fn version(client: &mut Client) -> (Vec<u32>, bool) {
    let info = client.info("server");
    let is_valkey = info.contains_key("valkey_version");
    let text = info.get("valkey_version").unwrap_or(&info["redis_version"]).clone();
    (text.split('.').map(|part| part.parse().expect("a number")).collect(), is_valkey)
}

#[test]
fn the_categories_of_commands_are_those_of_the_server() {
    let server = Server::start();
    let mut client = server.client();
    let (version, is_valkey) = version(&mut client);
    let own = client.ask("ACL CAT").texts().contains(&"assess".to_owned());
    if !is_valkey {
        assert_eq!(own, version >= vec![7, 4], "modules can add a category since 7.4: {version:?}");
    }
    // Categories of the server itself.
    if version >= vec![7, 2] {
        // Not ACL CAT, which shows no module's commands on Valkey 8.0, although the category has them.
        let reads = client.ask("COMMAND LIST FILTERBY ACLCAT read").texts();
        assert!(reads.contains(&"cache.get".to_owned()), "{reads:?}");
        assert!(!reads.contains(&"cache.set".to_owned()), "{reads:?}");
        let writes = client.ask("COMMAND LIST FILTERBY ACLCAT write").texts();
        assert!(writes.contains(&"cache.set".to_owned()), "{writes:?}");
    }
    if own {
        let ours = client.ask("COMMAND LIST FILTERBY ACLCAT assess").texts();
        let mut public = client.ask("COMMAND LIST FILTERBY MODULE assess").texts();
        public.retain(|name| !ours.contains(name));
        assert!(public.is_empty(), "not in the category: {public:?}");
        client.ask("ACL SETUSER some on >p ~* +@assess").good();
        let mut some = server.client();
        some.ask("AUTH some p").good();
        some.ask("CACHE.SET k v TTL 60").good();
        assert_eq!(some.ask("GET k").code(), "NOPERM");
    } else {
        assert!(client.ask("ACL SETUSER some on >p ~* +@assess").is_error());
    }
}

/// A command without keys is about the node that gets it. Clients that follow tips send it to every master.
#[test]
fn every_command_about_a_node_says_so_to_cluster_clients() {
    let server = Server::start();
    let mut client = server.client();
    let about_the_server = ["HELP", "GETKEYS", "DEBUG", "REPLAY"];
    let mut missing = Vec::new();
    for name in client.ask("COMMAND LIST FILTERBY MODULE assess").texts() {
        let info = client.ask(&format!("COMMAND INFO {name}"));
        let fields = info.array()[0].array().to_vec();
        let has_keys = !fields[8].array().is_empty();
        let tips: Vec<String> = fields[7].array().iter().map(Reply::text).collect();
        let upper = name.to_uppercase();
        if has_keys || about_the_server.iter().any(|word| upper.contains(word)) || upper.starts_with("ASSESSTEST") {
            continue;
        }
        // Of all nodes alike, or of the tiers, which all nodes share.
        let is_excepted = ["TIER.INFO", "TIER.LIST", "CACHE.EXPORT"].contains(&upper.as_str());
        if !is_excepted && !tips.contains(&"request_policy:all_shards".to_owned()) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
