//! The cost of a job in a queue, in bytes and in time: `cargo run --release --example queue_speed [jobs..]`.

use std::time::{Duration, Instant};

use assess_engine::jobs::{Changes, Claim, JobOptions, LimitChanges, Queue, Report, Submission, Unique};

const NOW: u64 = 1_700_000_000_000;
/// The requests that are timed with so many jobs waiting.
const TIMED: u64 = 10_000;

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

struct Run {
    queue: Queue,
    seed: u64,
    /// Submitted so far.
    number: u64,
    groups: u64,
    types: u64,
}

impl Run {
    fn submit(&mut self, unique: Option<Unique>) {
        self.number += 1;
        let payload = format!("{{\"user\":{:012}}}", self.number);
        let group = (self.groups > 0).then(|| format!("tenant{}", self.number % self.groups).into_bytes().into());
        let options = JobOptions { group, unique, ..JobOptions::default() };
        let job_type = format!("type{}", self.number % self.types);
        let job = Submission { job_type: job_type.as_bytes(), payload: payload.as_bytes() };
        let mut random = || {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            self.seed
        };
        let reply = self.queue.submit(NOW, &[job], &options, &mut random, &mut Changes::default());
        std::hint::black_box(reply).expect("no limit");
    }

    /// Claims a job and completes it; returns the times of both.
    fn work(&mut self) -> (Duration, Duration) {
        let claim = Claim { types: vec![b"type0", b"type1"], lease_ms: 30_000, count: 1, worker: Some(b"worker-1") };
        let start = Instant::now();
        let mut token = self.number;
        let mut random = || {
            token += 1;
            token
        };
        let claimed = self.queue.claim(NOW, &claim, &mut random, &mut Changes::default());
        let claiming = start.elapsed();
        let Some(job) = claimed.first() else { return (claiming, Duration::ZERO) };
        let start = Instant::now();
        let report = Report::Completed { result: b"done" };
        let done = self.queue.report(NOW, &job.id.text(), job.token, report, &mut random, &mut Changes::default());
        done.expect("the token is the current one");
        (claiming, start.elapsed())
    }
}

fn measure(jobs: u64, groups: u64, types: u64) {
    let mut run = Run { queue: Queue::default(), seed: 88_172_645_463_325_252, number: 0, groups, types };
    let limits = LimitChanges { max_running: Some(u64::MAX), max_per_group: Some(100), ..LimitChanges::default() };
    run.queue.configure(&limits, &mut Changes::default()).expect("limits");
    let before = resident();
    (0..jobs).for_each(|_| run.submit(None));
    let taken = resident().saturating_sub(before);
    let reported = run.queue.bytes();
    let timed = |run: &mut Run, unique| {
        let start = Instant::now();
        (0..TIMED).for_each(|_| run.submit(unique));
        start.elapsed().as_nanos() as u64 / TIMED
    };
    let (submit, unique) = (timed(&mut run, None), timed(&mut run, Some(Unique::Active)));
    let (mut claim, mut complete, mut longest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let worked = TIMED.min(jobs / 2);
    for _ in 0..worked {
        let (claiming, completing) = run.work();
        (claim, complete) = (claim + claiming, complete + completing);
        longest = longest.max(claiming).max(completing);
    }
    let each = |time: Duration| time.as_nanos() as u64 / worked;
    println!(
        "{jobs:>8} {groups:>7} {types:>6} {submit:>8} {unique:>8} {:>8} {:>8} {:>10.3} {:>9} {:>9}",
        each(claim),
        each(complete),
        longest.as_secs_f64() * 1e3,
        taken / jobs,
        reported / jobs
    );
}

fn main() {
    let counts: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1_000, 30_000, 1_000_000] } else { counts };
    println!("                            ns each                              ms    bytes of a job");
    println!("    jobs  groups  types   submit   unique    claim complete    longest  resident  reported");
    for &jobs in &counts {
        measure(jobs, 0, 1);
        measure(jobs, 1_000, 1);
        measure(jobs, 0, 1_000);
    }
    // Every job has a group of its own.
    counts.iter().for_each(|&jobs| measure(jobs, jobs, 1));
}
