//! Workers serve users in turn.

use super::connection;
use crate::harness::{Client, Server, mini, wait_until};

/// So many loads of one user.
const MANY: usize = 12;
/// So many of them may end before a load of another user does. One is enough; one more may begin meanwhile.
const FEW: usize = 2;

#[test]
fn given_a_user_with_many_loads_then_the_load_of_another_user_is_not_behind_them() {
    let server = Server::with(&["assess.threads 1"]);
    let mut admin = server.client();
    server.write("mini.csv", mini::TABLE);
    let mut loading = {
        let mut watcher = server.client();
        move || watcher.info_number("assess", "loading")
    };
    server.with_wide_tables(|| {
        // The only thread is busy until all the others are queued.
        let mut running = server.catch_loading("wide")?;
        let mut clients: Vec<Client> = (0..MANY).map(|_| connection(&server, "greedy")).collect();
        let mut other = connection(&server, "other");
        for (number, client) in clients.iter_mut().enumerate() {
            client.send_line(&format!("MODEL.LOAD mini{number} IO FILE mini.csv"));
            wait_until("the load is queued", || !admin.ask(&format!("MODEL.INFO mini{number}")).is_error());
        }
        other.send_line("MODEL.LOAD mine IO FILE mini.csv");
        wait_until("the load is queued", || !admin.ask("MODEL.INFO mine").is_error());
        let all_were_queued = loading() == MANY as i64 + 2;
        for client in clients.iter_mut().chain([&mut other, &mut running.client]) {
            client.receive().good();
        }
        // Versions of models tell the order in which the loads ended.
        let mine = admin.model_number("mine", "version");
        let earlier = (0..MANY).filter(|number| admin.model_number(&format!("mini{number}"), "version") < mine).count();
        (0..MANY).for_each(|number| _ = admin.ask(&format!("DEL mini{number}")));
        admin.ask("DEL mine").good();
        all_were_queued.then(|| assert!(earlier <= FEW, "{earlier} loads of another user ended first"))
    });
}
