//! A client that sends arguments unchanged and shows every reply unchanged.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::reply::Reply;
use super::waiting::{LONGEST_WAIT, wait_until};

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects, speaking RESP2.
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        // A reply that never comes fails the test instead of hanging it.
        stream.set_read_timeout(Some(LONGEST_WAIT))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Switches to RESP3.
    pub(crate) fn resp3(mut self) -> Self {
        self.ask("HELLO 3").good();
        self
    }

    /// Sends a command that is given as one line; no argument may contain a blank.
    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> Reply {
        self.send_line(line);
        self.receive()
    }

    /// Sends a command with these arguments.
    #[track_caller]
    pub(crate) fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Reply {
        self.send(arguments);
        self.receive()
    }

    /// Sends commands in one write, then reads their replies.
    #[track_caller]
    pub(crate) fn pipeline(&mut self, lines: &[&str]) -> Vec<Reply> {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| encoded(&words(line))).collect();
        self.stream.get_mut().write_all(&bytes).expect("the server accepts commands");
        lines.iter().map(|_| self.receive()).collect()
    }

    /// The same as [`Client::pipeline`], for commands of any bytes.
    #[track_caller]
    pub(crate) fn batch<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Vec<Reply> {
        let bytes: Vec<u8> = commands.iter().flat_map(|command| encoded(command)).collect();
        self.stream.get_mut().write_all(&bytes).expect("the server accepts commands");
        commands.iter().map(|_| self.receive()).collect()
    }

    /// Sends a command without waiting for its reply.
    #[track_caller]
    pub(crate) fn send_line(&mut self, line: &str) {
        self.send(&words(line));
    }

    #[track_caller]
    pub(crate) fn send<A: AsRef<[u8]>>(&mut self, arguments: &[A]) {
        self.try_send(arguments).expect("the server accepts commands");
    }

    /// The next reply.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> Reply {
        self.try_receive().expect("the server replies")
    }

    /// The next reply, or the reason why there is none.
    pub(crate) fn try_receive(&mut self) -> io::Result<Reply> {
        Reply::read(&mut self.stream)
    }

    /// Sends a command and receives its reply, on a connection that may end at any moment.
    pub(crate) fn try_call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> io::Result<Reply> {
        self.try_send(arguments)?;
        self.try_receive()
    }

    /// Sends a command on a connection that may end at any moment.
    pub(crate) fn try_send<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> io::Result<()> {
        self.stream.get_mut().write_all(&encoded(arguments))
    }

    /// The longest wait for a reply from now on.
    pub(crate) fn set_longest_wait(&mut self, wait: Duration) {
        self.stream.get_mut().set_read_timeout(Some(wait)).expect("a time of more than zero");
    }

    /// The id of this connection in the server.
    #[track_caller]
    pub(crate) fn id(&mut self) -> i64 {
        self.ask("CLIENT ID").integer()
    }

    /// `INFO section` as a map; the fields of the module lose their prefix.
    #[track_caller]
    pub(crate) fn info(&mut self, section: &str) -> BTreeMap<String, String> {
        let text = self.call(&["INFO", section]).text();
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.strip_prefix("assess_").unwrap_or(name).to_owned(), value.to_owned()))
            .collect()
    }

    /// A numeric field of `INFO`.
    #[track_caller]
    pub(crate) fn info_number(&mut self, section: &str, field: &str) -> i64 {
        let info = self.info(section);
        let value = info.get(field).unwrap_or_else(|| panic!("INFO {section} has no {field}: {info:?}"));
        value.parse().unwrap_or_else(|_| panic!("INFO {section} has {field} = {value}"))
    }

    /// `MODEL.INFO key` as a map.
    #[track_caller]
    pub(crate) fn model(&mut self, key: &str) -> BTreeMap<String, Reply> {
        self.call(&["MODEL.INFO", key]).good().map()
    }

    /// A numeric field of `MODEL.INFO key`.
    #[track_caller]
    pub(crate) fn model_number(&mut self, key: &str, field: &str) -> i64 {
        self.model(key)[field].integer()
    }

    /// Waits until a model is ready to answer.
    #[track_caller]
    pub(crate) fn await_ready(&mut self, key: &str) {
        wait_until(&format!("{key} is ready"), || {
            let info = self.model(key);
            let state = info["state"].text();
            assert_ne!(state, "failed", "deriving failed: {:?}", info["warnings"]);
            // The model answers earlier: after the first step of its derivation.
            state == "ready" && info["progress"].integer() == 100
        });
    }

    #[track_caller]
    pub(crate) fn exists(&mut self, key: &str) -> bool {
        self.call(&["EXISTS", key]).integer() == 1
    }

    /// Waits until a key exists: the result of a miss is stored a moment after its reply.
    #[track_caller]
    pub(crate) fn await_key(&mut self, key: &str) {
        wait_until(&format!("{key} exists"), || self.exists(key));
    }

    /// Waits until a key is removed: an invalidated entry is removed a moment after the change.
    #[track_caller]
    pub(crate) fn await_removed(&mut self, key: &str) {
        wait_until(&format!("{key} is removed"), || !self.exists(key));
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn encoded<A: AsRef<[u8]>>(arguments: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
