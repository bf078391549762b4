//! A redis-server for one test: a free port, its own folder, killed at the end of the test.

use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::{fs, io};

use tempfile::TempDir;

use super::waiting::{wait_for, wait_until};
use super::{Client, Reply, mini};

/// The number of ports that are tried if another process takes the free one in the meantime.
const PORTS_TRIED: u32 = 10;

/// The ports of the servers.
const PORTS: Range<u16> = 12_000..22_000;

/// The settings of every server; a test's own settings follow and override them.
const SETTINGS: &str = "\
bind 127.0.0.1
save \"\"
appendonly no
enable-debug-command yes
enable-protected-configs yes
repl-diskless-sync-delay 0
repl-ping-replica-period 1
";

pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
    settings: Vec<String>,
    environment: Vec<(String, String)>,
    wrapper: Option<PathBuf>,
}

impl Server {
    /// A server with the module and an empty data folder.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same with settings of redis.conf, one line each.
    pub(crate) fn with(settings: &[&str]) -> Self {
        Self::with_environment(settings, &[])
    }

    /// The same with variables in the server's environment.
    pub(crate) fn with_environment(settings: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::wrapped(settings, environment, std::env::var_os("ASSESS_SERVER_WRAPPER").map(PathBuf::from))
    }

    /// The same under the filter of system calls that Debian's packaged service runs under.
    pub(crate) fn as_debian_service(settings: &[&str]) -> Self {
        let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/as-debian-service");
        Self::wrapped(settings, &[], Some(filter))
    }

    /// A server whose command is passed to `wrapper`, which must `exec` it.
    fn wrapped(settings: &[&str], environment: &[(&str, &str)], wrapper: Option<PathBuf>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for name in ["tables", "db"] {
            fs::create_dir(folder.path().join(name)).expect("a folder in a temporary folder");
        }
        let mut settings: Vec<String> = settings.iter().map(|&line| line.to_owned()).collect();
        if !settings.iter().any(|line| line.starts_with("assess.data-dir")) {
            settings.insert(0, format!("assess.data-dir {}", folder.path().join("tables").display()));
        }
        let environment =
            environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>();
        let (child, port) = launched(folder.path(), &settings, &environment, wrapper.as_deref());
        Self { child, port, folder, settings, environment, wrapper }
    }

    /// A server that holds the mini table as `icio`, with the indicator `risk`, ready to answer.
    pub(crate) fn with_mini(settings: &[&str]) -> (Self, Client) {
        let server = Self::with(settings);
        let mut client = server.client();
        server.load_mini(&mut client, "icio");
        (server, client)
    }

    /// Loads the mini table and its risk under `key`, and waits until it is ready.
    #[track_caller]
    pub(crate) fn load_mini(&self, client: &mut Client, key: &str) {
        self.write("mini.csv", mini::TABLE);
        self.write("mini_risk.csv", mini::RISK);
        client.call(&["MODEL.LOAD", key, "IO", "FILE", "mini.csv"]).good();
        let set = client.call(&["MODEL.INDICATOR", key, "risk", "FILE", "mini_risk.csv", "BY", "region"]);
        assert_eq!(set, Reply::ok());
        client.await_ready(key);
    }

    /// A new connection that speaks RESP2.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.port).expect("the server accepts connections")
    }

    /// The port that the server listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of the server, for clients in other languages.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection of the `redis` crate.
    pub(crate) fn connection(&self, query: &str) -> redis::Connection {
        let client = redis::Client::open(format!("{}/{query}", self.url())).expect("an address");
        client.get_connection().expect("the server accepts connections")
    }

    /// Writes a file into the data folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.tables().join(name), content).expect("a file in a temporary folder");
    }

    /// The data folder.
    pub(crate) fn tables(&self) -> PathBuf {
        self.folder.path().join("tables")
    }

    /// The folder that holds everything of this server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// The id of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Shuts down with the data set saved, and starts again on the same folder.
    pub(crate) fn restart_saving(&mut self) {
        self.restart("SHUTDOWN SAVE");
    }

    /// Shuts down without saving, and starts again on the same folder.
    pub(crate) fn restart_without_saving(&mut self) {
        self.restart("SHUTDOWN NOSAVE");
    }

    /// Saves and ends this server, and starts another one without the module on the same folder. Returns whether that server
    /// reads the RDB file. It listens on no port.
    pub(crate) fn is_readable_without_module(&mut self) -> bool {
        self.client().send_line("SHUTDOWN SAVE");
        self.await_end();
        let log = self.folder().join("bare.log");
        let mut bare = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(self.folder().join("bare.sock"))
            .arg("--dir")
            .arg(self.folder().join("db"))
            .arg("--logfile")
            .arg(&log)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed: scripts/setup does that");
        let is_read = wait_for("the server accepts connections or has ended", || {
            let has_ended = !matches!(bare.try_wait(), Ok(None));
            let is_ready = fs::read_to_string(&log).unwrap_or_default().contains("accept connections");
            (has_ended || is_ready).then_some(is_ready)
        });
        let _ = bare.kill();
        let _ = bare.wait();
        is_read
    }

    fn restart(&mut self, command: &str) {
        self.client().send_line(command);
        self.await_end();
        self.start_again();
    }

    /// Ends the process immediately, as a power failure does; [`Server::start_again`] starts it again.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.await_end();
    }

    pub(crate) fn start_again(&mut self) {
        let Self { folder, settings, environment, wrapper, .. } = self;
        (self.child, self.port) = launched(folder.path(), settings, environment, wrapper.as_deref());
    }

    /// Waits until the process has ended.
    pub(crate) fn await_end(&mut self) {
        wait_until("the server has ended", || !self.is_running());
    }

    /// Makes this server a replica, and waits until it is in sync with its master.
    pub(crate) fn follow(&self, master: &Self) {
        let mut client = self.client();
        client.call(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]).good();
        self.await_in_sync_with(master);
    }

    /// Waits until all writes on the master so far have reached this replica.
    pub(crate) fn await_in_sync_with(&self, master: &Self) {
        let written = master.client().info_number("replication", "master_repl_offset");
        let mut client = self.client();
        wait_until("the replica is in sync with its master", || {
            let info = client.info("replication");
            info.get("master_link_status").is_some_and(|status| status == "up")
                && info.get("slave_repl_offset").and_then(|at| at.parse().ok()).is_some_and(|at: i64| at >= written)
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the server on port {} ---\n{}", self.port, self.log());
        }
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file of the module.
pub(crate) fn module() -> PathBuf {
    let path = std::env::var_os("ASSESS_MODULE").map_or_else(
        || {
            // target/debug/deps/server-1a2b3c: the module is one folder up.
            let tests = std::env::current_exe().expect("the tests have a file");
            tests.ancestors().nth(2).expect("a folder above").join("libredis_assess.so")
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: run cargo build --features test-hooks, or set ASSESS_MODULE",
        path.display()
    );
    path
}

/// Starts a server on a free port and waits until it replies; it has loaded its data by then.
fn launched(
    folder: &Path,
    settings: &[String],
    environment: &[(String, String)],
    wrapper: Option<&Path>,
) -> (Child, u16) {
    for _ in 0..PORTS_TRIED {
        let port = free_port();
        let mut child = spawn(folder, port, settings, environment, wrapper);
        let up = wait_for("the server answers or has ended", || {
            if !matches!(child.try_wait(), Ok(None)) {
                return Some(false);
            }
            answers(port, child.id()).then_some(true)
        });
        if up {
            return (child, port);
        }
        let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        assert!(log.contains("Address already in use"), "the server ended immediately:\n{log}");
    }
    panic!("found no free port");
}

/// Whether the server at this port is process `id`, and ready. While it loads its data it replies LOADING to PING.
/// While the process starts, another server may have taken the port; that server may end at any moment.
fn answers(port: u16, id: u32) -> bool {
    let ask = || -> io::Result<bool> {
        let mut client = Client::connect(port)?;
        client.try_send(&["PING"])?;
        let up = matches!(client.try_receive()?, Reply::Simple(text) if text == "PONG");
        client.try_send(&["INFO", "server"])?;
        let Reply::Bulk(info) = client.try_receive()? else { return Ok(false) };
        let id = format!("process_id:{id}");
        Ok(up && String::from_utf8_lossy(&info).lines().any(|line| line == id))
    };
    ask().unwrap_or(false)
}

/// A port without a listener that no other test of this process was given. All ports are below those that Linux gives
/// to connections, and so are the ports of the cluster bus (10,000 above): no connection takes one meanwhile.
fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() as u16;
    for _ in PORTS {
        let at = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u16;
        let port = PORTS.start + at;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("found no free port");
}

fn spawn(
    folder: &Path,
    port: u16,
    settings: &[String],
    environment: &[(String, String)],
    wrapper: Option<&Path>,
) -> Child {
    // A line with a tier is an argument of the module.
    let arguments: Vec<&str> = settings.iter().map(String::as_str).filter(|line| line.starts_with("TIER ")).collect();
    let mut text = format!(
        "loadmodule {} {}\nport {port}\ndir {}\nlogfile {}\n{SETTINGS}",
        module().display(),
        arguments.join(" "),
        folder.join("db").display(),
        folder.join("server.log").display(),
    );
    for line in settings.iter().filter(|line| !line.starts_with("TIER ")) {
        text.push_str(line);
        text.push('\n');
    }
    let file = folder.join("redis.conf");
    fs::write(&file, text).expect("a file in a temporary folder");
    let mut command = Command::new(wrapper.unwrap_or(Path::new("redis-server")));
    if wrapper.is_some() {
        command.arg("redis-server");
    }
    command
        .arg(file)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed: scripts/setup does that")
}
