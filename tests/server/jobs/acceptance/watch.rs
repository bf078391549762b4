//! Observers: every change that they see must be one that the table of transitions of the engine allows.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::Duration;

use assess_engine::jobs::{Event, State, TRANSITIONS};

use super::scene::{Scene, Status, connect, is_stopped, place};
use crate::harness::random::Random;
use crate::harness::{Client, Reply};

/// No client runs an ended job again in this test.
fn steps(from: State) -> impl Iterator<Item = State> {
    TRANSITIONS.iter().filter(move |&&(of, event, _)| of == from && event != Event::Revived).map(|&(.., to)| to)
}

/// Whether a job can be in the second state some time after it was in the first.
fn leads_to(from: State, to: State) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while at < reached.len() {
        let new: Vec<State> = steps(reached[at]).filter(|state| !reached.contains(state)).collect();
        reached.extend(new);
        at += 1;
    }
    reached.contains(&to)
}

/// Compares the statuses of random jobs over time.
pub(super) fn follow_status(scene: &Scene, seed: u64) {
    let mut random = Random::new(seed);
    let mut seen: HashMap<usize, Status> = HashMap::new();
    while !is_stopped(&scene.folder) {
        let outcome = connect(&scene.folder).and_then(|mut client| {
            let generation = scene.generation.load(SeqCst);
            while !is_stopped(&scene.folder) && scene.generation.load(SeqCst) == generation {
                let job = random.below(scene.jobs);
                let (queue, id) = place(job);
                let reply = client.try_call(&["JOB.STATUS", &queue, &id])?;
                match reply.code() {
                    "" => compare(scene, job, seen.insert(job, reply.map()), &reply.map()),
                    "ERR" if seen.contains_key(&job) => scene.violates(format!("j{job} was lost: {reply:?}")),
                    "ERR" => {}
                    _ => return Err(io::ErrorKind::ConnectionAborted.into()),
                }
                sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        if outcome.is_err() {
            sleep(Duration::from_millis(5));
        }
    }
}

fn state(status: &Status) -> State {
    State::named(status["status"].text().as_bytes()).expect("a state of the machine")
}

fn compare(scene: &Scene, job: usize, before: Option<Status>, now: &Status) {
    let Some(before) = before else { return };
    let (from, to) = (state(&before), state(now));
    if !leads_to(from, to) || from.is_ended() && before != *now {
        scene.violates(format!("j{job} went from {before:?} to {now:?}"));
    }
    if before["attempts"].integer() > now["attempts"].integer() {
        scene.violates(format!("j{job} has fewer attempts: {before:?}, {now:?}"));
    }
    scene.transitions.fetch_add(1, SeqCst);
}

/// Follows the keyspace events of the queues that have one job: each is a transition of that job.
pub(super) fn follow_events(scene: &Scene) {
    let mut last: BTreeMap<String, State> = BTreeMap::new();
    while !is_stopped(&scene.folder) {
        let outcome = connect(&scene.folder).and_then(|client| subscribed(scene, client, &mut last));
        if outcome.is_err() {
            sleep(Duration::from_millis(5));
        }
    }
}

fn subscribed(scene: &Scene, mut client: Client, last: &mut BTreeMap<String, State>) -> io::Result<()> {
    let generation = scene.generation.load(SeqCst);
    client.try_call(&["CONFIG", "SET", "notify-keyspace-events", "Kd"])?;
    client.try_call(&["PSUBSCRIBE", "__keyspace@0__:solo:*"])?;
    client.set_longest_wait(Duration::from_millis(50));
    // The events since the last subscription are missing, so the first one need only be reachable.
    let mut followed = BTreeMap::new();
    while !is_stopped(&scene.folder) {
        let event = client.try_receive();
        if scene.generation.load(SeqCst) != generation {
            return Ok(());
        }
        let event = match event {
            Ok(event) => event.texts(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let (queue, name) = (event[2].clone(), event[3].strip_prefix("job.").expect("an event of a job"));
        let to = State::named(name.as_bytes()).expect("a state of the machine");
        let is_allowed = match (followed.get(&queue), last.get(&queue)) {
            (Some(&from), _) => steps(from).any(|step| step == to),
            (None, Some(&from)) => leads_to(from, to),
            (None, None) => true,
        };
        if !is_allowed {
            scene.violates(format!("{queue}: {to:?} after {:?}", last.get(&queue)));
        }
        followed.insert(queue.clone(), to);
        last.insert(queue, to);
        scene.transitions.fetch_add(1, SeqCst);
    }
    Ok(())
}

#[test]
fn the_observer_knows_the_machine() {
    assert!(leads_to(State::Delayed, State::Dead) && leads_to(State::Running, State::Delayed));
    assert!(!leads_to(State::Completed, State::Pending) && !leads_to(State::Dead, State::Running));
    assert!(!steps(State::Delayed).any(|state| state == State::Running));
    let status = Reply::Array(vec![Reply::bulk("status"), Reply::bulk("dead")]).map();
    assert_eq!(state(&status), State::Dead);
}
