//! Workers: some are quick, some slow, late, forgetful, or lose their connection. A worker records what it sent and what
//! was acknowledged.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::scene::{QUEUE, connect, is_stopped, record};
use crate::harness::random::Random;
use crate::harness::{Client, Reply};

/// How a worker behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Usual,
    /// Most reports come after the end of the lease, and some with a token of another run.
    OftenLate,
}

struct Worker<'w> {
    folder: &'w Path,
    records: File,
    random: Random,
    manner: Manner,
    name: String,
    serial: u64,
}

struct Job {
    queue: String,
    id: String,
    token: String,
    lease: u64,
}

/// A worker until the scene ends.
pub(super) fn work(folder: &Path, seed: u64, manner: Manner) {
    let name = format!("{}-{seed}", std::process::id());
    let mut worker =
        Worker { folder, records: record(folder, &name), random: Random::new(seed), manner, name, serial: 0 };
    while !is_stopped(folder) {
        let outcome = connect(folder).and_then(|mut client| {
            while !is_stopped(folder) {
                worker.turn(&mut client)?;
            }
            Ok(())
        });
        if outcome.is_err() {
            sleep(Duration::from_millis(5));
        }
    }
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl Worker<'_> {
    /// Claims jobs and works on them. An error means that the connection is of no use.
    fn turn(&mut self, client: &mut Client) -> io::Result<()> {
        let queue = match self.random.below(6) {
            0 => self.solo().unwrap_or_else(|| QUEUE.to_owned()),
            _ => QUEUE.to_owned(),
        };
        let block = if queue == QUEUE { "50" } else { "1" };
        let (lease, count) = (60 + self.random.below(120) as u64, 1 + self.random.below(3));
        let (lease_text, count) = (lease.to_string(), count.to_string());
        let words =
            ["JOB.CLAIM", &queue, "2", "a", "b", "LEASE", &lease_text, "BLOCK", block, "COUNT", &count, "WORKER"];
        let reply = client.try_call(&[&words[..], &[&self.name]].concat())?;
        let Reply::Array(jobs) = reply else { return Err(broken()) };
        for job in jobs {
            let fields = job.map();
            let (id, token) = (fields["id"].text(), fields["token"].text());
            self.run(client, &Job { queue: queue.clone(), id, token, lease })?;
        }
        Ok(())
    }

    /// A queue with a single job. Their number is in the folder.
    fn solo(&mut self) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.join("solo")).ok()?;
        let names: Vec<&str> = text.lines().collect();
        (!names.is_empty()).then(|| names[self.random.below(names.len())].to_owned())
    }

    fn run(&mut self, client: &mut Client, job: &Job) -> io::Result<()> {
        self.serial += 1;
        let result = format!("{}/{}/{}", job.id, self.name, self.serial);
        let lease = Duration::from_millis(job.lease);
        let manner = match (self.manner, self.random.below(20)) {
            (Manner::Usual, manner) => manner,
            (Manner::OftenLate, manner) => 12 + manner % 8,
        };
        match manner {
            0..=5 => self.complete(client, job, &result),
            6..=8 => self.slowly(client, job, &result),
            9 => self.fail(client, job, "yes"),
            10 => self.fail(client, job, "no"),
            // The worker forgets the job.
            11 => Ok(()),
            12 => Err(broken()),
            13 => {
                // The reply is not read; the same report is sent again on another connection.
                self.note("sent", job, &result);
                client.try_send(&["JOB.COMPLETE", &job.queue, &job.id, &job.token, &result])?;
                *client = connect(self.folder)?;
                self.complete(client, job, &result)
            }
            14 => {
                self.complete(client, job, &result)?;
                self.complete(client, job, &result)
            }
            15 => {
                let other = format!("{:016x}", self.random.below(1 << 30));
                let stranger = Job { queue: job.queue.clone(), id: job.id.clone(), token: other, lease: job.lease };
                self.complete(client, &stranger, &format!("{result}/stranger"))?;
                self.complete(client, job, &result)
            }
            // The report comes after the end of the lease.
            _ => {
                sleep(lease + Duration::from_millis(self.random.below(80) as u64));
                self.complete(client, job, &result)
            }
        }
    }

    /// Works in several parts, with heartbeats. Stops when the job was cancelled.
    fn slowly(&mut self, client: &mut Client, job: &Job, result: &str) -> io::Result<()> {
        for part in 1..4 {
            sleep(Duration::from_millis(job.lease / 3));
            let progress = (part * 25).to_string();
            let beat = ["JOB.HEARTBEAT", &job.queue, &job.id, &job.token, "PROGRESS", &progress, "MESSAGE", "on it"];
            let reply = client.try_call(&beat)?;
            match reply.code() {
                "" if reply == Reply::bulk("continue") => {}
                "" => return self.fail(client, job, "yes"),
                "LEASELOST" => return Ok(()),
                _ => return Err(broken()),
            }
        }
        self.complete(client, job, result)
    }

    fn fail(&mut self, client: &mut Client, job: &Job, retry: &str) -> io::Result<()> {
        let reply = client.try_call(&["JOB.FAIL", &job.queue, &job.id, &job.token, "no luck", "RETRY", retry])?;
        self.judge(&reply, "failed", job, "-")
    }

    fn complete(&mut self, client: &mut Client, job: &Job, result: &str) -> io::Result<()> {
        self.note("sent", job, result);
        let reply = client.try_call(&["JOB.COMPLETE", &job.queue, &job.id, &job.token, result])?;
        self.judge(&reply, "acknowledged", job, result)
    }

    /// Records what the server replied to a report.
    fn judge(&mut self, reply: &Reply, accepted: &str, job: &Job, result: &str) -> io::Result<()> {
        match reply.code() {
            "" => self.note(accepted, job, result),
            "LEASELOST" => self.note("refused", job, result),
            // No job is dropped while the test runs.
            "ERR" => self.note("unknown", job, result),
            // READONLY, LOADING and the like: another server is the master.
            _ => return Err(broken()),
        }
        Ok(())
    }

    fn note(&mut self, what: &str, job: &Job, result: &str) {
        let line = format!("{what} {} {result}\n", job.id);
        self.records.write_all(line.as_bytes()).expect("a file in a temporary folder");
    }
}

/// The folder of the scene, for a worker that is a process.
const FOLDER: &str = "ASSESS_WORKER_FOLDER";
const SEED: &str = "ASSESS_WORKER_SEED";

/// The command that starts a worker as a process: this program, with one test.
pub(super) fn process(folder: &Path, seed: u64) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().expect("the tests have a file"));
    let name = "jobs::acceptance::worker::as_a_process_this_test_is_a_worker";
    command.args([name, "--exact", "--quiet"]).env(FOLDER, folder).env(SEED, seed.to_string());
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    command
}

/// Without the variable, in a usual run of the tests, there is nothing to do.
#[test]
fn as_a_process_this_test_is_a_worker() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let seed = std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    work(&folder, seed, Manner::Usual);
}
