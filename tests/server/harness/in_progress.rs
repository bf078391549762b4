//! Work in progress: tables are made larger until the work on one takes long enough to be observed, so that no test
//! depends on the speed of the machine.

use super::mini::{WIDE, wide_table};
use super::waiting::wait_for;
use super::{Client, Server};

/// A load that is running: its client waits for the reply.
pub(crate) struct Running {
    pub(crate) client: Client,
    /// The id of the client in the server.
    pub(crate) id: i64,
}

impl Server {
    /// Tries larger and larger tables, as `wide.csv` in the data folder, until `attempt` returns what it observed.
    #[track_caller]
    pub(crate) fn with_wide_tables<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        for nodes in WIDE {
            self.write("wide.csv", wide_table(nodes));
            if let Some(seen) = attempt() {
                return seen;
            }
        }
        panic!("no table was large enough to observe the work on it");
    }

    /// Begins to load `wide.csv` under a key that does not exist; `None` if the load ended before it was observed.
    pub(crate) fn catch_loading(&self, key: &str) -> Option<Running> {
        let mut watcher = self.client();
        watcher.call(&["DEL", key]).good();
        let mut client = self.client();
        let id = client.id();
        client.send_line(&format!("MODEL.LOAD {key} IO FILE wide.csv"));
        let state = wait_for("the load begins", || {
            let reply = watcher.call(&["MODEL.INFO", key]);
            (!reply.is_error()).then(|| reply.map()["state"].text())
        });
        (state == "loading").then_some(Running { client, id })
    }

    /// Loads `wide.csv` and returns while the model is deriving; `None` if it was ready before that was observed.
    pub(crate) fn catch_deriving(&self, key: &str) -> Option<()> {
        let mut client = self.client();
        client.ask(&format!("MODEL.LOAD {key} IO FILE wide.csv")).good();
        self.is_deriving(key).then_some(())
    }

    pub(crate) fn is_deriving(&self, key: &str) -> bool {
        self.client().model(key)["state"].text() == "deriving"
    }

    /// Waits until a client is blocked; `false` if it was answered before that was observed.
    pub(crate) fn await_blocked(&self, client: i64) -> bool {
        let mut watcher = self.client();
        let mark = format!("id={client} ");
        wait_for("the client is blocked or answered", || {
            let clients = watcher.ask("CLIENT LIST").text();
            let line = clients.lines().find(|line| line.starts_with(&mark))?;
            if line.contains(" flags=b ") {
                return Some(true);
            }
            // The client has run a command since it requested its own id.
            (line.contains(" cmd=assess.") || line.contains(" cmd=model.")).then_some(false)
        })
    }
}
