//! Requests of the asking node: each goes to every master until every one has answered.
//!
//! The bus of a cluster loses messages, so a request is sent again until its answer comes; a master knows the number of
//! a request, and carries it out once. The caller waits for the answers as long as each master shows a sign of life from
//! time to time. A master that shows none is named to the caller; a change is sent to it again later, until it has
//! answered or is no longer a master.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::nodes::Id;

/// Time from one sending of a request to the next while a caller waits, in milliseconds.
const RESEND_MS: u64 = 250;
/// The same when no caller waits.
const REPAIR_MS: u64 = 1000;

/// The most changes that wait for masters after their callers have been told, and the most bytes of all requests.
pub const MAX_PENDING: usize = 1000;
/// The same in bytes.
pub const MAX_PENDING_BYTES: usize = 16 << 20;

/// The most messages that are sent again in one step.
const MAX_REPEATED: usize = 64;

/// The answer of a master: words, whose meaning is the caller's.
pub type Answer = Vec<Box<[u8]>>;

/// The end of a caller's wait.
#[derive(Debug)]
pub struct Ended<C> {
    /// The caller.
    pub caller: C,
    /// The answers, by master.
    pub answers: Vec<(Id, Answer)>,
    /// The masters without an answer.
    pub silent: Vec<Id>,
}

struct Request<C> {
    message: Rc<[u8]>,
    /// A change is repeated for masters that were silent.
    is_change: bool,
    caller: Option<C>,
    masters: BTreeSet<Id>,
    answers: BTreeMap<Id, Answer>,
    /// The last sign of life of a master that is at work; for the others it is the time of the request.
    seen: BTreeMap<Id, u64>,
    began: u64,
    sent: u64,
}

/// The requests that are not answered by every master.
pub struct Requests<C> {
    requests: BTreeMap<u64, Request<C>>,
}

impl<C> Default for Requests<C> {
    fn default() -> Self {
        Self { requests: BTreeMap::new() }
    }
}

/// What is to be done after a while.
#[derive(Debug)]
pub struct Due<C> {
    /// Messages to be sent.
    pub messages: Vec<(Id, Rc<[u8]>)>,
    /// Callers whose wait has ended.
    pub ended: Vec<Ended<C>>,
}

impl<C> Requests<C> {
    /// Begins a request to `masters`: a change, or a query of a caller. The caller sends the message to each of them.
    pub fn begin(&mut self, now: u64, id: u64, message: Rc<[u8]>, is_change: bool, masters: &[Id], caller: Option<C>) {
        let masters = masters.iter().copied().collect();
        let (answers, seen) = (BTreeMap::new(), BTreeMap::new());
        let request = Request { message, is_change, caller, masters, answers, seen, began: now, sent: now };
        self.requests.insert(id, request);
    }

    /// Whether no request is left.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether a caller waits.
    pub fn has_callers(&self) -> bool {
        self.requests.values().any(|request| request.caller.is_some())
    }

    /// Changes that wait for a master after their callers have been told.
    pub fn pending(&self) -> usize {
        self.requests.values().filter(|request| request.caller.is_none()).count()
    }

    /// The bytes of all requests.
    pub fn bytes(&self) -> usize {
        self.requests.values().map(|request| request.message.len()).sum()
    }

    /// A master is at work on a request.
    pub fn is_at_work(&mut self, now: u64, id: u64, master: &Id) {
        if let Some(request) = self.requests.get_mut(&id).filter(|request| request.masters.contains(master)) {
            request.seen.insert(*master, now);
        }
    }

    /// A node needs no message to be known to live: the asking node itself.
    pub fn is_alive(&mut self, now: u64, master: &Id) {
        for request in self.requests.values_mut() {
            request.seen.insert(*master, now);
        }
    }

    /// A master has answered. Returns the end of the caller's wait when it was the last one.
    pub fn answered(&mut self, id: u64, master: &Id, answer: Answer) -> Option<Ended<C>> {
        // A node that is no master with slots answers too; its answer does not count.
        let request = self.requests.get_mut(&id).filter(|request| request.masters.contains(master))?;
        request.answers.entry(*master).or_insert(answer);
        if request.silent().next().is_some() {
            return None;
        }
        self.requests.remove(&id)?.end()
    }

    /// The caller of a request no longer waits. A change is still carried out by every master.
    pub fn abandon(&mut self, matches: impl Fn(&C) -> bool) {
        for request in self.requests.values_mut() {
            request.caller.take_if(|caller| matches(caller));
        }
        self.requests.retain(|_, request| request.caller.is_some() || request.is_change);
    }

    /// What is due now. `masters` are the masters now, without the asking node; a caller waits at most `patience`
    /// milliseconds without a sign of life.
    pub fn due(&mut self, now: u64, masters: &[Id], patience: u64) -> Due<C> {
        let mut due = Due { messages: Vec::new(), ended: Vec::new() };
        let masters: BTreeSet<Id> = masters.iter().copied().collect();
        self.requests.retain(|_, request| {
            // Masters come and go: the replica of a failed one takes over, and has not answered.
            for master in masters.difference(&request.masters) {
                request.seen.insert(*master, now);
            }
            request.masters.clone_from(&masters);
            let silent: Vec<Id> = request.silent().copied().collect();
            let has_lost = silent.iter().any(|master| {
                let seen = request.seen.get(master).copied().unwrap_or(request.began);
                now.saturating_sub(seen) >= patience
            });
            if silent.is_empty() || has_lost {
                due.ended.extend(request.end());
                if silent.is_empty() || !request.is_change {
                    return false;
                }
            }
            let pause = if request.caller.is_some() { RESEND_MS } else { REPAIR_MS };
            if now.saturating_sub(request.sent) >= pause && due.messages.len() < MAX_REPEATED {
                request.sent = now;
                due.messages.extend(silent.into_iter().map(|master| (master, Rc::clone(&request.message))));
            }
            true
        });
        due
    }
}

impl<C> Request<C> {
    fn silent(&self) -> impl Iterator<Item = &Id> {
        self.masters.iter().filter(|&master| !self.answers.contains_key(master))
    }

    /// Ends the caller's wait, if there is one.
    fn end(&mut self) -> Option<Ended<C>> {
        let caller = self.caller.take()?;
        let silent = self.silent().copied().collect();
        // Those of masters that have failed since do not count: their replicas have answered too.
        let counted = self.answers.iter().filter(|(master, _)| self.masters.contains(*master));
        let answers = counted.map(|(master, answer)| (*master, answer.clone())).collect();
        Some(Ended { caller, answers, silent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Id = [b'a'; 40];
    const B: Id = [b'b'; 40];
    const C: Id = [b'c'; 40];

    fn request(is_change: bool, masters: &[Id]) -> Requests<&'static str> {
        let mut requests = Requests::default();
        requests.begin(0, 7, Rc::from(&b"m"[..]), is_change, masters, Some("caller"));
        requests
    }

    fn yes() -> Answer {
        vec![Box::from(&b"OK"[..])]
    }

    #[test]
    fn the_last_answer_ends_the_wait_and_repeated_ones_do_not_count() {
        let mut requests = request(true, &[A, B]);
        assert!(requests.answered(7, &A, yes()).is_none());
        assert!(requests.answered(7, &A, yes()).is_none());
        assert!(requests.answered(8, &B, yes()).is_none(), "a request that is not known");
        let ended = requests.answered(7, &B, yes()).unwrap();
        assert_eq!((ended.caller, ended.answers.len(), ended.silent.len()), ("caller", 2, 0));
        assert!(requests.is_empty() && requests.answered(7, &B, yes()).is_none());
    }

    #[test]
    fn a_silent_master_is_named_and_gets_a_change_until_it_answers() {
        let mut requests = request(true, &[A, B]);
        requests.answered(7, &A, yes());
        assert!(requests.due(249, &[A, B], 2000).messages.is_empty());
        let due = requests.due(250, &[A, B], 2000);
        assert_eq!(due.messages.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [B]);
        let due = requests.due(2000, &[A, B], 2000);
        assert_eq!(due.ended.len(), 1);
        assert_eq!((due.ended[0].answers.len(), due.ended[0].silent.as_slice()), (1, &[B][..]));
        assert_eq!((requests.pending(), requests.has_callers()), (1, false));
        assert!(requests.due(2100, &[A, B], 2000).messages.is_empty());
        assert_eq!(requests.due(3000, &[A, B], 2000).messages.len(), 1);
        assert!(requests.answered(7, &B, yes()).is_none(), "the caller was told before");
        assert!(requests.is_empty());
    }

    #[test]
    fn a_question_is_not_repeated_after_its_caller_was_told() {
        let mut requests = request(false, &[A]);
        assert_eq!(requests.due(2000, &[A], 2000).ended.len(), 1);
        assert!(requests.is_empty());
    }

    #[test]
    fn a_master_at_work_keeps_the_caller_waiting() {
        let mut requests = request(true, &[A]);
        for second in 1..100 {
            requests.is_at_work(second * 1000, 7, &A);
            assert!(requests.due(second * 1000, &[A], 2000).ended.is_empty());
        }
        assert_eq!(requests.due(101_000, &[A], 2000).ended.len(), 1);
    }

    #[test]
    fn the_replica_that_takes_over_gets_the_change_and_the_failed_master_is_forgotten() {
        let mut requests = request(true, &[A, B]);
        requests.answered(7, &A, yes());
        requests.due(2000, &[A, B], 2000);
        let due = requests.due(3000, &[A, C], 2000);
        assert_eq!(due.messages.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [C]);
        requests.answered(7, &C, yes());
        assert!(requests.is_empty());
        // A master that is forgotten altogether is no longer waited for.
        let mut requests = request(true, &[A, B]);
        requests.answered(7, &A, yes());
        let due = requests.due(100, &[A], 2000);
        assert_eq!((due.ended.len(), due.ended[0].silent.len()), (1, 0));
        assert!(requests.is_empty());
    }

    #[test]
    fn a_shard_counts_once_although_its_master_failed_after_its_answer() {
        let mut requests = request(false, &[A, B]);
        requests.answered(7, &A, yes());
        assert!(requests.answered(7, &C, yes()).is_none(), "no master yet: its answer does not count");
        assert!(requests.due(1900, &[B, C], 2000).ended.is_empty());
        requests.answered(7, &C, yes());
        let ended = requests.answered(7, &B, yes()).unwrap();
        let answered: Vec<Id> = ended.answers.iter().map(|(master, _)| *master).collect();
        assert_eq!(answered, [B, C]);
    }

    #[test]
    fn a_master_that_has_just_become_one_gets_time() {
        let mut requests = request(true, &[A]);
        requests.is_at_work(50_000, 7, &A);
        assert!(requests.due(50_000, &[A, B], 2000).ended.is_empty());
        requests.is_at_work(51_900, 7, &A);
        assert!(requests.due(51_900, &[A, B], 2000).ended.is_empty());
        assert_eq!(requests.due(52_000, &[A, B], 2000).ended[0].silent, [A, B]);
    }

    #[test]
    fn one_step_repeats_a_bounded_number_of_messages() {
        let mut requests = Requests::default();
        for id in 1..=500 {
            requests.begin(0, id, Rc::from(&b"m"[..]), true, &[A], Some(()));
        }
        assert_eq!(requests.bytes(), 500);
        requests.due(5000, &[A], 2000);
        let mut repeated = 0;
        for step in 1..=10 {
            let messages = requests.due(10_000 + step, &[A], 2000).messages.len();
            assert!(messages <= 64);
            repeated += messages;
        }
        assert_eq!(repeated, 500, "all of them in turn");
    }

    #[test]
    fn a_caller_that_leaves_does_not_stop_a_change() {
        let mut requests = request(true, &[A]);
        requests.abandon(|caller| *caller == "caller");
        assert_eq!(requests.pending(), 1);
        let mut requests = request(false, &[A]);
        requests.abandon(|caller| *caller == "other");
        assert!(requests.has_callers());
        requests.abandon(|caller| *caller == "caller");
        assert!(requests.is_empty());
    }
}
