//! The acceptance test of the queue: many workers that are slow, die, return late or lose their connection, with
//! restarts and failovers of the servers. No job is lost, none is recorded twice, every change is one of the machine,
//! and all clients see the same end. Without the fence the same check fails.
//!
//! `ASSESS_JOBS=10000 cargo test --test server jobs::acceptance -- --nocapture` is the full run.

mod check;
mod clients;
mod disturbance;
mod scene;
mod watch;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use self::clients::{submit, wait};
use self::disturbance::Cast;
use self::scene::Scene;
use self::watch::{follow_events, follow_status};
use self::worker::Manner;
use crate::harness::random::{Random, seed};
use crate::harness::wait_until;

/// The number of jobs, unless `ASSESS_JOBS` is set.
const JOBS: usize = 1_000;
/// Each round submits a part of the jobs and ends with a disturbance of the servers.
const ROUNDS: usize = 12;
/// Workers that are threads, and workers that are processes.
const THREADS: usize = 8;
const PROCESSES: usize = 3;

#[test]
fn no_job_is_lost_or_recorded_twice_whatever_happens_to_workers_and_servers() {
    let seed = seed();
    let jobs = std::env::var("ASSESS_JOBS").ok().and_then(|text| text.parse().ok()).unwrap_or(JOBS);
    let scene = Arc::new(Scene::new(jobs));
    let mut cast = Cast::new(Arc::clone(&scene), seed);
    let mut threads = Vec::new();
    for i in 0..THREADS {
        let (scene, seed) = (Arc::clone(&scene), seed.wrapping_add(i as u64 * 7919));
        threads.push(thread::spawn(move || worker::work(&scene.folder, seed, Manner::Usual)));
    }
    for i in 0..3u64 {
        let [waits, follows] = [Arc::clone(&scene), Arc::clone(&scene)];
        threads.push(thread::spawn(move || wait(&waits, seed ^ (i + 1) << 20)));
        threads.push(thread::spawn(move || follow_status(&follows, seed ^ (i + 1) << 30)));
    }
    let follows = Arc::clone(&scene);
    threads.push(thread::spawn(move || follow_events(&follows)));
    (0..PROCESSES).for_each(|_| cast.spawn_worker());
    let mut random = Random::new(seed);
    for round in 0..ROUNDS {
        let part = jobs * round / ROUNDS..jobs * (round + 1) / ROUNDS;
        thread::scope(|scope| {
            let (scene, seed) = (&scene, random.below(1 << 30) as u64);
            scope.spawn(move || submit(scene, part, seed));
            // While the jobs are submitted.
            (0..4).for_each(|_| cast.disturb_a_little());
            cast.disturb(round);
        });
    }
    cast.await_ends();
    scene.stop();
    for thread in threads {
        thread.join().expect("no thread has found a violation");
    }
    cast.end_workers();
    let violations = check::violations(&scene, cast.servers());
    println!("{jobs} jobs: {}", check::summary(&scene, &mut cast.master().client()));
    assert!(violations.is_empty(), "ASSESS_SEED={seed}: {violations:#?}");
    assert!(scene.transitions.load(SeqCst) > 0, "events were observed");
}

#[test]
fn without_the_fence_the_check_finds_jobs_that_are_recorded_twice() {
    let seed = seed();
    let scene = Arc::new(Scene::new(200));
    let mut cast = Cast::alone(Arc::clone(&scene), seed);
    cast.master().client().ask("ASSESS.SABOTAGE job-fence").good();
    let threads: Vec<_> = (0..THREADS as u64)
        .map(|i| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || worker::work(&scene.folder, seed.wrapping_add(i), Manner::OftenLate))
        })
        .collect();
    submit(&scene, 0..200, seed);
    cast.await_ends();
    scene.stop();
    threads.into_iter().for_each(|thread| thread.join().expect("the thread has ended"));
    let violations = check::violations(&scene, cast.servers());
    assert!(!violations.is_empty(), "ASSESS_SEED={seed}: the check does not detect a missing fence");
    println!("{} violations, the first: {}", violations.len(), violations[0]);
}

#[test]
fn with_the_fence_the_same_workers_record_every_job_once() {
    let seed = seed();
    let scene = Arc::new(Scene::new(200));
    let mut cast = Cast::alone(Arc::clone(&scene), seed);
    let threads: Vec<_> = (0..THREADS as u64)
        .map(|i| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || worker::work(&scene.folder, seed.wrapping_add(i), Manner::OftenLate))
        })
        .collect();
    submit(&scene, 0..200, seed);
    cast.await_ends();
    scene.stop();
    threads.into_iter().for_each(|thread| thread.join().expect("the thread has ended"));
    assert_eq!(check::violations(&scene, cast.servers()), Vec::<String>::new(), "ASSESS_SEED={seed}");
    wait_until("no worker is blocked", || cast.master().client().info_number("assess", "blocked") == 0);
}
