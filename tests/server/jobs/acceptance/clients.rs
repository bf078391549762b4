//! Clients that submit jobs, and clients that wait for their ends.

use std::io;
use std::ops::Range;
use std::thread::sleep;
use std::time::Duration;

use super::scene::{Scene, connect, is_stopped, place};
use crate::harness::Reply;
use crate::harness::random::Random;

/// Submits these jobs, each until the server has acknowledged it.
pub(super) fn submit(scene: &Scene, jobs: Range<usize>, seed: u64) {
    let mut random = Random::new(seed);
    let mut client = None;
    for job in jobs {
        let (queue, id) = place(job);
        let group = format!("g{}", random.below(5));
        let (retries, delay) = (1 + random.below(4), random.below(40));
        let (retries, delay) = (retries.to_string(), if random.below(4) == 0 { delay } else { 0 }.to_string());
        let priority = ["low", "normal", "high", "critical"][random.below(4)];
        let kind = ["a", "b"][random.below(2)];
        let words = [
            "JOB.SUBMIT",
            &queue,
            kind,
            "payload",
            "ID",
            &id,
            "RETRIES",
            &retries,
            "BACKOFF",
            "5",
            "DELAY",
            &delay,
            "PRIORITY",
            priority,
            "GROUP",
            &group,
            "TTL",
            "86400",
        ];
        loop {
            let reply = match &mut client {
                None => connect(&scene.folder).map(|new| client = Some(new)).map(|()| None),
                Some(client) => client.try_call(&words).map(Some),
            };
            match reply {
                Ok(Some(Reply::Array(_))) => break,
                Ok(None) => {}
                // Sent again: the id makes that harmless.
                Ok(Some(_)) | Err(_) => {
                    client = None;
                    sleep(Duration::from_millis(5));
                }
            }
        }
        // Spreads the jobs over the disturbances.
        if random.below(4) == 0 {
            sleep(Duration::from_millis(random.below(4) as u64));
        }
    }
}

/// Waits for the ends of random jobs, and keeps what the server replies.
pub(super) fn wait(scene: &Scene, seed: u64) {
    let mut random = Random::new(seed);
    while !is_stopped(&scene.folder) {
        let outcome = connect(&scene.folder).and_then(|mut client| {
            while !is_stopped(&scene.folder) {
                let job = random.below(scene.jobs);
                let (queue, id) = place(job);
                let reply = client.try_call(&["JOB.WAIT", &queue, &id, "BLOCK", "200"])?;
                match reply.code() {
                    "" if reply == Reply::Nil => {}
                    "" => scene.ends.lock().expect("no thread has panicked").push((job, reply.map())),
                    // Not submitted yet.
                    "ERR" => sleep(Duration::from_millis(5)),
                    _ => return Err(io::ErrorKind::ConnectionAborted.into()),
                }
            }
            Ok(())
        });
        if outcome.is_err() {
            sleep(Duration::from_millis(5));
        }
    }
}
