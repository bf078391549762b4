//! All leases: one user with many connections leaves half of them to the others.

use super::connection;
use crate::harness::{Reply, Server};

/// Half of all leases, and the most of one connection.
const HALF: usize = 50_000;
const OF_ONE: usize = 10_000;

#[test]
fn given_a_user_with_half_of_all_leases_then_it_gets_busy_and_others_get_leases() {
    let server = Server::start();
    for nth in 0..HALF / OF_ONE {
        let mut client = connection(&server, "greedy");
        for batch in 0..OF_ONE / 1000 {
            let lines: Vec<String> =
                (0..1000).map(|number| format!("CACHE.FETCH k:{nth}:{batch}:{number} LEASE 3600000")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            for reply in client.pipeline(&lines) {
                assert_eq!(reply.array()[0].text(), "lease");
            }
        }
    }
    let mut greedy = connection(&server, "greedy");
    assert_eq!(greedy.ask("CACHE.FETCH own"), Reply::Array(vec![Reply::bulk("busy")]));
    let mut other = connection(&server, "other");
    assert_eq!(other.ask("CACHE.FETCH own").array()[0].text(), "lease");
    // A lease that has ended makes room.
    greedy.ask("DEL k:0:0:0").good();
    server.client().ask("SET k:0:0:0 v").good();
    crate::harness::wait_until("there is room again", || greedy.ask("CACHE.FETCH new").array()[0].text() == "lease");
}
