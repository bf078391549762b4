//! The clients that have repeated the command of a load in flight: a client library whose read times out sends it again. They
//! get the outcome of that load if its file has not changed since.
//!
//! The file system is asked on workers only, since a network file system may hang. A command that comes before the load has
//! asked about its file needs no comparison: the file is read after the command.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::client::Client;
use crate::error::{Code, Failure, Outcome};
use crate::models::data_dir::{self, Stamp};
use crate::reply::Reply;
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// The repeats of one load.
#[derive(Default)]
pub(super) struct Repeats {
    /// The file as it was before it was read: set by the worker that reads it.
    stamp: OnceLock<Option<Stamp>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those that get the outcome.
    joined: Vec<Client>,
    /// Those for which the file must be compared.
    asking: Vec<Client>,
    /// A worker compares the file for earlier ones. So a file system that hangs stops one worker.
    is_asking: bool,
    outcome: Option<Outcome<Reply>>,
}

impl Repeats {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic under this lock can leave the state inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the file that is read next. On the worker that reads it.
    pub(super) fn note_file(&self, path: &[u8]) {
        self.stamp.get_or_init(|| data_dir::stamp(path));
    }

    /// Whether the outcome may be that of a command that comes now: not for a folder that is being read, whose files may have
    /// changed unseen.
    pub(super) fn may_join(&self) -> bool {
        self.stamp.get().is_none_or(Option::is_some)
    }

    /// Takes a client whose command repeats the load. Main thread.
    pub(super) fn take(self: &Arc<Self>, path: &[u8], client: Client) {
        let mut state = self.lock();
        if self.stamp.get().is_none() {
            state.joined.push(client);
            return;
        }
        state.asking.push(client);
        if !std::mem::replace(&mut state.is_asking, true) {
            let clients = std::mem::take(&mut state.asking);
            drop(state);
            self.compare(path.to_vec(), clients);
        }
    }

    /// Compares the file for these clients on a worker.
    fn compare(self: &Arc<Self>, path: Vec<u8>, clients: Vec<Client>) {
        let repeats = Arc::clone(self);
        pool::run(Lane::Files, None, move || {
            let now = data_dir::stamp(&path);
            let is_same = now.is_some() && repeats.stamp.get() == Some(&now);
            main_loop::post(move |_| repeats.compared(path, clients, is_same));
        });
    }

    /// Main thread.
    fn compared(self: &Arc<Self>, path: Vec<u8>, clients: Vec<Client>, is_same: bool) {
        let mut state = self.lock();
        let outcome = if is_same { state.outcome.clone() } else { Some(Err(in_flight())) };
        let answered = match outcome {
            Some(outcome) => Some((outcome, clients)),
            None => {
                state.joined.extend(clients);
                None
            }
        };
        let next = std::mem::take(&mut state.asking);
        state.is_asking = !next.is_empty();
        drop(state);
        if let Some((outcome, clients)) = answered {
            clients.into_iter().for_each(|client| client.reply(outcome.clone()));
        }
        if !next.is_empty() {
            self.compare(path, next);
        }
    }

    /// Answers the clients, also those whose file is still being compared. Main thread.
    pub(super) fn answer(&self, outcome: &Outcome<Reply>) {
        let mut state = self.lock();
        state.outcome = Some(outcome.clone());
        let joined = std::mem::take(&mut state.joined);
        drop(state);
        joined.into_iter().for_each(|client| client.reply(outcome.clone()));
    }

    /// The load has ended without an outcome: drops its clients, which answers them. Main thread.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.outcome.get_or_insert_with(|| Err(Failure::internal()));
        let joined = std::mem::take(&mut state.joined);
        drop(state);
        drop(joined);
    }
}

/// The error for a command while another load of the key is in flight.
pub(super) fn in_flight() -> Failure {
    Failure::new(Code::Busy, "the key is being loaded, see MODEL.INFO and MODEL.ABORT")
}
