//! The properties of a job queue that was made from bytes.

use assess_engine::jobs::{
    Changes, Claim, Filter, Heartbeat, JobOptions, LimitChanges, Queue, Report, Schedule, ScheduleRequest, State,
    Submission, TimingRequest, Unique, When,
};

/// A time of the seeds.
const NOW: u64 = 1_700_000_000_000;
/// Types of the seeds.
const TYPES: [&[u8]; 2] = [b"mail", b"report"];

fn digest(queue: &Queue) -> Vec<u8> {
    let mut bytes = Vec::new();
    queue.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

fn copy(queue: &Queue) -> Queue {
    let mut copy = Queue::default();
    for frame in queue.frames() {
        copy.apply(&frame).expect("a queue loads its own frames");
    }
    assert_eq!(digest(&copy), digest(queue), "a copy is equal");
    assert_eq!((copy.len(), copy.bytes()), (queue.len(), queue.bytes()));
    copy
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed ^ *seed >> 32
}

/// Applies changes, the first byte chooses the time. What was applied before a fault stays.
pub fn from_changes(bytes: &[u8]) {
    let Some((&time, bytes)) = bytes.split_first() else { return };
    let now = [0, NOW, NOW + 3_600_000, u64::MAX][usize::from(time % 4)];
    let mut queue = Queue::default();
    let applied = queue.apply(bytes);
    assert!(queue.bytes() <= Queue::default().bytes() + 64 * bytes.len() as u64, "little memory");
    let mut replica = copy(&queue);
    if applied.is_ok() && time & 4 != 0 {
        queue.promoted();
    }
    let mut out = Changes::default();
    requests(&mut queue, now, &mut out);
    replica.apply(out.encoded()).expect("a replica applies the changes of its master");
    assert_eq!(digest(&replica), digest(&queue), "a replica is equal");
    copy(&queue);
}

/// Performs every request.
fn requests(queue: &mut Queue, now: u64, out: &mut Changes) {
    let mut seed = now;
    let random = &mut || random(&mut seed);
    queue.info(now);
    let page = queue.list(&Filter { state: Some(State::Running), ..Filter::default() }, None, 50, 50);
    let running: Vec<Vec<u8>> = page.jobs.iter().map(|status| status.id.text().into_owned()).collect();
    for unique in [None, Some(Unique::Rerun), Some(Unique::Replace)] {
        let options = JobOptions { unique, when: When::After(10), ..JobOptions::default() };
        let job = Submission { job_type: TYPES[0], payload: b"{}" };
        let _ = queue.submit(now, &[job], &options, random, out);
    }
    for id in &running {
        let _ = queue.heartbeat(now, id, 1, &Heartbeat::default(), out);
        let _ = queue.cancel(now, id, out);
        let _ = queue.retry(now, id, out);
    }
    let claim = Claim { types: TYPES.to_vec(), lease_ms: 30_000, count: 3, worker: Some(b"w") };
    for (n, job) in queue.claim(now, &claim, random, out).into_iter().enumerate() {
        let report = match n {
            0 => Report::Completed { result: b"done" },
            1 => Report::Failed { error: b"wrong", retry: true, traceback: None },
            _ => continue,
        };
        let _ = queue.report(now, &job.id.text(), job.token, report, random, out);
    }
    for _ in 0..10 {
        if !queue.tick(now, 5, random, out) {
            break;
        }
    }
    let _ = (queue.next_due(), queue.next_claimable(now));
}

/// Inputs: a queue with jobs in every state, as its frames and as the changes of its requests.
pub fn seeds() -> [Vec<u8>; 3] {
    let (mut queue, mut out, mut seed) = (Queue::default(), Changes::default(), 7);
    let random = &mut || random(&mut seed);
    let limits = LimitChanges { max_per_group: Some(2), max_jobs: Some(100), ..LimitChanges::default() };
    queue.configure(&limits, &mut out).expect("limits");
    queue.pause(Some(b"report"), &mut out).expect("a pause");
    let submission = Submission { job_type: TYPES[0], payload: b"{\"to\":1}" };
    for (name, timing) in [
        (&b"every"[..], TimingRequest::Every(60_000)),
        (b"cron", TimingRequest::Cron { expr: b"0 3 * * *", zone: Some(b"Europe/Berlin") }),
    ] {
        let request = ScheduleRequest { name, timing, submission, options: JobOptions::default() };
        queue.schedule(Schedule::new(request, NOW).expect("a schedule"), &mut out).expect("a schedule");
    }
    for n in 0..8u8 {
        let group = (n % 2 == 0).then(|| b"tenant".into());
        let options = JobOptions { group, id: Some(vec![b'j', n].into()), ..JobOptions::default() };
        queue.submit(NOW, &[submission], &options, random, &mut out).expect("a job");
    }
    requests(&mut queue, NOW, &mut out);
    queue.cancel(NOW, b"j\x07", &mut out).expect("a waiting job");
    let frames: Vec<u8> = queue.frames().flatten().collect();
    [[&[1], out.encoded()].concat(), [&[1], frames.as_slice()].concat(), [&[6], frames.as_slice()].concat()]
}
