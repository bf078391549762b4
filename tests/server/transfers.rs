//! Models in flight to replicas and to the append-only file: whatever happens in between, master and follower have the
//! same data, nothing is left over, and the server keeps running.

use crate::harness::in_progress::Running;
use crate::harness::waiting::wait_for;
use crate::harness::{Client, Reply, Server, mini, wait_until};

fn staging(client: &mut Client) -> Vec<String> {
    client.ask("KEYS assess:staging:*").texts()
}

fn await_nothing_staged(client: &mut Client) {
    wait_until("nothing is staged", || staging(client).is_empty());
}

fn is_blocked(watcher: &mut Client, id: i64) -> bool {
    let mark = format!("id={id} ");
    watcher.ask("CLIENT LIST").text().lines().any(|line| line.starts_with(&mark) && line.contains(" flags=b "))
}

/// Waits until work on the main thread has checked several times whether the pause is over.
fn await_postponed(client: &mut Client) {
    let mut slices = || client.info_number("assess", "slices");
    let before = slices();
    wait_until("a write is postponed", || slices() > before + 5);
}

/// Begins to load `wide.csv` as `wide`, and pauses writes when some of its frames are staged; `None` if the transfer
/// ended before that. The pause lasts until `CLIENT UNPAUSE`.
fn catch_staging(server: &Server) -> Option<Running> {
    let mut watcher = server.client();
    watcher.ask("DEL wide").good();
    let mut client = server.client();
    let id = client.id();
    client.send_line("MODEL.LOAD wide IO FILE wide.csv");
    let seen = wait_for("the transfer begins", || {
        if !staging(&mut watcher).is_empty() {
            return Some(true);
        }
        watcher.exists("wide").then_some(false)
    });
    if seen {
        watcher.ask("CLIENT PAUSE 600000 WRITE").good();
        if !staging(&mut watcher).is_empty() {
            return Some(Running { client, id });
        }
        watcher.ask("CLIENT UNPAUSE").good();
    }
    client.receive().good();
    None
}

/// A setting by which models have a follower that is not a replica.
const FILE: &str = "appendonly yes";

#[test]
fn an_indicator_that_is_read_during_a_pause_is_set_after_it() {
    let (mut server, mut client) = Server::with_mini(&[FILE]);
    let entries = |many: usize| (0..many).map(|i| format!("\"UNKNOWN_{i}\":1,")).collect::<String>();
    let mut writer = server.client();
    let id = writer.id();
    // Documents are made longer until one is still being read when the pause begins.
    let caught = [1, 20_000, 100_000, 300_000].into_iter().any(|many| {
        client.ask("MODEL.INDICATORDEL icio late").good();
        let document = format!("{{{}\"USA\":1,\"CHN\":2}}", entries(many));
        writer.send(&["MODEL.INDICATOR", "icio", "late", "DATA", &document, "BY", "region", "IGNORE"]);
        wait_until("the document has arrived", || {
            is_blocked(&mut client, id)
                || client.ask("MODEL.LABELS icio INDICATORS").texts().contains(&"late".to_owned())
        });
        client.ask("CLIENT PAUSE 600000 WRITE").good();
        let is_late = !client.ask("MODEL.LABELS icio INDICATORS").texts().contains(&"late".to_owned());
        if is_late {
            await_postponed(&mut client);
        }
        client.ask("CLIENT UNPAUSE").good();
        assert_eq!(writer.receive(), Reply::ok());
        assert!(client.ask("MODEL.LABELS icio INDICATORS").texts().contains(&"late".to_owned()));
        is_late
    });
    assert!(caught, "no document was long enough to be observed while it was read");
    assert!(server.is_running());
}

#[test]
fn a_load_that_ends_during_a_pause_commits_after_it() {
    let mut server = Server::with(&[FILE]);
    let mut client = server.client();
    let mut running = server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        client.ask("CLIENT PAUSE 600000 WRITE").good();
        if client.exists("wide") || !staging(&mut client).is_empty() {
            client.ask("CLIENT UNPAUSE").good();
            running.client.receive().good();
            return None;
        }
        Some(running)
    });
    await_postponed(&mut client);
    assert!(!client.exists("wide"));
    client.ask("CLIENT UNPAUSE").good();
    running.client.receive().good();
    assert!(server.is_running() && client.exists("wide"));
}

#[test]
fn a_load_that_is_aborted_during_a_pause_leaves_nothing_after_it() {
    let mut server = Server::with(&[FILE]);
    let mut client = server.client();
    let mut running = server.with_wide_tables(|| catch_staging(&server));
    assert_eq!(client.ask("MODEL.ABORT wide"), Reply::ok());
    await_postponed(&mut client);
    client.ask("CLIENT UNPAUSE").good();
    assert!(running.client.receive().is_error());
    await_nothing_staged(&mut client);
    assert!(server.is_running() && !client.exists("wide"));
    client.call(&["MODEL.SET", "wide", "IO", mini::TABLE]).good();
}

#[test]
fn a_flush_or_a_swap_during_a_transfer_fails_the_load_everywhere() {
    for command in ["FLUSHDB", "SWAPDB 0 1"] {
        let (master, replica) = (Server::start(), Server::start());
        replica.follow(&master);
        let (mut client, mut there) = (master.client(), replica.client());
        let reply = master.with_wide_tables(|| {
            let mut running = catch_staging(&master)?;
            let mut other = master.client();
            let id = other.id();
            other.send_line(command);
            wait_until("the client waits for the end of the pause", || is_blocked(&mut client, id));
            client.ask("CLIENT UNPAUSE").good();
            other.receive().good();
            let reply = running.client.receive();
            // The commit may have come first.
            reply.is_error().then_some(reply)
        });
        assert_eq!(reply.code(), "BUSY", "{command}: {reply:?}");
        assert!(reply.error().contains("load again"), "{reply:?}");
        for db in ["SELECT 0", "SELECT 1"] {
            client.ask(db).good();
            await_nothing_staged(&mut client);
            replica.await_in_sync_with(&master);
            there.ask(db).good();
            assert_eq!(staging(&mut there), [""; 0], "{command}");
            assert_eq!(client.ask("DBSIZE"), there.ask("DBSIZE"), "{command}");
        }
        assert_eq!(there.info_number("assess", "replay_errors"), 0);
    }
}

#[test]
fn master_and_replica_agree_whenever_the_staging_key_is_deleted() {
    let (master, replica) = (Server::start(), Server::start());
    replica.follow(&master);
    let (mut client, mut there) = (master.client(), replica.client());
    let mut loader = master.client();
    let delete = "local keys = redis.call('KEYS', 'assess:staging:*') if #keys > 0 then redis.call('DEL', keys[1]) end";
    for round in 0..40 {
        let key = format!("m{round}");
        let id = loader.id();
        loader.send(&["MODEL.SET", &key, "IO", mini::TABLE]);
        wait_until("the load begins", || is_blocked(&mut client, id) || client.exists(&key));
        // Each round deletes a little later.
        for _ in 0..round % 8 {
            client.ask("PING");
        }
        client.call(&["EVAL", delete, "0"]);
        let reply = loader.receive();
        assert!(!reply.is_error() || reply.code() == "BUSY", "{reply:?}");
        replica.await_in_sync_with(&master);
        assert_eq!(client.exists(&key), !reply.is_error());
        assert_eq!(client.exists(&key), there.exists(&key), "round {round}: {reply:?}");
    }
    await_nothing_staged(&mut client);
    assert_eq!(there.info_number("assess", "replay_errors"), 0);
}

#[test]
fn a_staging_key_expires_everywhere_but_on_its_master() {
    let (mut master, replica) = (Server::start(), Server::start());
    replica.follow(&master);
    let mut client = master.client();
    let _running = master.with_wide_tables(|| catch_staging(&master));
    let key = staging(&mut client).remove(0);
    // An eviction policy of volatile keys evicts only keys with a time to live.
    assert_eq!(client.call(&["PTTL", &key]), Reply::Integer(-1));
    let mut there = replica.client();
    there.await_key(&key);
    assert!((1..=120_000).contains(&there.call(&["PTTL", &key]).integer()));

    // A replica that connects now gets the key from the master's file, without a time to live.
    let late = Server::start();
    late.follow(&master);
    let mut client_of_late = late.client();
    wait_until("the late replica gives it a time to live too", || {
        (1..=120_000).contains(&client_of_late.call(&["PTTL", &key]).integer())
    });

    // The master is killed, and starts with its saved data.
    wait_until("the data are saved", || !client.ask("SAVE").is_error());
    master.kill();
    master.start_again();
    await_nothing_staged(&mut master.client());
    assert!(!master.client().exists("wide"));
}

#[test]
fn indicators_set_during_a_load_are_kept() {
    for follower in [FILE, "appendonly no"] {
        let server = Server::with(&[follower]);
        let mut client = server.client();
        server.with_wide_tables(|| {
            client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
            while_loading_again(&server, |client| {
                let document: String = (0..10).map(|i| format!("\"R0{i}\":1,")).collect();
                let document = format!("{{{}}}", document.trim_end_matches(','));
                let set = client.call(&["MODEL.INDICATOR", "wide", "late", "DATA", &document, "BY", "region"]);
                assert_eq!(set, Reply::ok());
            })
        });
        assert_eq!(client.ask("MODEL.LABELS wide INDICATORS").texts(), ["late", "output"], "{follower}");
        // No indicator of a deleted model is kept.
        server.with_wide_tables(|| {
            client.ask("MODEL.LOAD wide IO FILE wide.csv KEEP").good();
            client.call(&["MODEL.INDICATOR", "wide", "late", "DATA", "{}", "BY", "region", "DEFAULT", "1"]).good();
            while_loading_again(&server, |client| _ = client.ask("DEL wide").good())
        });
        assert_eq!(client.ask("MODEL.LABELS wide INDICATORS").texts(), ["output"], "{follower}");
    }
}

/// Loads `wide` with `KEEP` and runs `meanwhile`; `None` if the load ended before that.
fn while_loading_again(server: &Server, meanwhile: impl FnOnce(&mut Client)) -> Option<()> {
    let (mut client, mut loader) = (server.client(), server.client());
    let id = loader.id();
    loader.send_line("MODEL.LOAD wide IO FILE wide.csv KEEP");
    let seen = server.await_blocked(id);
    meanwhile(&mut client);
    let still = is_blocked(&mut client, id);
    loader.receive().good();
    (seen && still).then_some(())
}

#[test]
fn a_load_without_followers_counts_as_a_change() {
    let server = Server::start();
    let mut client = server.client();
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE]).good();
    assert!(client.info_number("persistence", "rdb_changes_since_last_save") > 0);
}

#[test]
fn a_load_whose_slot_was_moved_fails_and_leaves_nothing() {
    for follower in [FILE, "appendonly no"] {
        let server = Server::with(&["cluster-enabled yes", follower]);
        let mut client = server.client();
        let take = |client: &mut Client| {
            client.ask("CLUSTER ADDSLOTSRANGE 0 16383").good();
            wait_until("the cluster is up", || client.ask("CLUSTER INFO").text().contains("cluster_state:ok"));
        };
        take(&mut client);
        let reply = server.with_wide_tables(|| {
            let mut running = server.catch_loading("wide")?;
            client.ask("CLUSTER DELSLOTSRANGE 0 16383").good();
            let reply = running.client.receive();
            if !reply.is_error() {
                take(&mut client);
                return None;
            }
            Some(reply)
        });
        assert_eq!(reply.code(), "BUSY", "{reply:?}");
        assert!(reply.error().contains("slot"), "{reply:?}");
        wait_until("nothing is left", || client.ask("DBSIZE").integer() == 0);
        take(&mut client);
        client.call(&["MODEL.SET", "wide", "IO", mini::TABLE]).good();
    }
}
