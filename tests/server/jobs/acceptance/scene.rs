//! What all participants share: a folder with the address of the master and the records of the workers, so that workers
//! can be processes; and what observers have seen.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Client, Reply};

/// The queue of most jobs.
pub(super) const QUEUE: &str = "work";
/// Of the first jobs, every so many, one has a queue of its own: the events of its key are those of the job.
const SOLO: usize = 20;
/// The jobs of which some have their own queue. Workers look at these queues at random, so there are not many.
const FIRST: usize = 800;

pub(super) type Status = BTreeMap<String, Reply>;

pub(super) struct Scene {
    pub(super) folder: PathBuf,
    pub(super) jobs: usize,
    /// Changes whenever the master may change: what was observed before and after may have a gap in between.
    pub(super) generation: AtomicU64,
    /// Transitions that were observed and allowed.
    pub(super) transitions: AtomicU64,
    /// What `JOB.WAIT` replied.
    pub(super) ends: Mutex<Vec<(usize, Status)>>,
    pub(super) violations: Mutex<Vec<String>>,
    _owned: TempDir,
}

impl Scene {
    pub(super) fn new(jobs: usize) -> Self {
        let owned = TempDir::new().expect("a temporary folder");
        fs::create_dir(owned.path().join("records")).expect("a folder in a temporary folder");
        Self {
            folder: owned.path().to_owned(),
            jobs,
            generation: AtomicU64::new(0),
            transitions: AtomicU64::new(0),
            ends: Mutex::default(),
            violations: Mutex::default(),
            _owned: owned,
        }
    }

    /// Publishes the port of the master.
    pub(super) fn set_master(&self, port: u16) {
        let (new, name) = (self.folder.join("new"), self.folder.join("master"));
        fs::write(&new, port.to_string()).expect("a file in a temporary folder");
        fs::rename(new, name).expect("a file in a temporary folder");
        self.generation.fetch_add(1, SeqCst);
    }

    /// The master may change from now on.
    pub(super) fn begins_change(&self) {
        self.generation.fetch_add(1, SeqCst);
    }

    pub(super) fn stop(&self) {
        fs::write(self.folder.join("stop"), "").expect("a file in a temporary folder");
    }

    pub(super) fn violates(&self, what: String) {
        self.violations.lock().expect("no thread has panicked").push(what);
    }
}

/// Whether the participants have to stop.
pub(super) fn is_stopped(folder: &Path) -> bool {
    folder.join("stop").exists()
}

/// A connection to the current master, unless it is being restarted.
pub(super) fn connect(folder: &Path) -> io::Result<Client> {
    let text = fs::read_to_string(folder.join("master"))?;
    let port = text.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut client = Client::connect(port)?;
    // A stopped server of an earlier port may have been replaced by anything.
    client.set_longest_wait(Duration::from_secs(20));
    Ok(client)
}

/// A file for the records of a worker. Each record is one line and one write, so a killed process leaves whole lines.
pub(super) fn record(folder: &Path, name: &str) -> File {
    let path = folder.join("records").join(name);
    OpenOptions::new().create(true).append(true).open(path).expect("a file in a temporary folder")
}

/// The queue and the id of a job.
pub(super) fn place(job: usize) -> (String, String) {
    let id = format!("j{job}");
    if job < FIRST && job.is_multiple_of(SOLO) { (format!("solo:{job}"), id) } else { (QUEUE.to_owned(), id) }
}

/// The queues of some jobs with their own.
pub(super) fn solo_queues(jobs: usize) -> impl Iterator<Item = String> {
    (0..jobs.min(FIRST)).step_by(SOLO).map(|job| place(job).0)
}
