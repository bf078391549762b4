//! JOB.SCHEDULE: jobs at due times.

use assess_engine::jobs::{
    JobOptions, LimitChanges, Schedule, ScheduleRequest, State, Submission, TimingRequest, Unique, When,
};

use crate::copy::{START, restored};
use crate::world::{World, unique};

fn request(options: JobOptions<'_>) -> ScheduleRequest<'_> {
    let submission = Submission { job_type: b"t", payload: b"scheduled" };
    ScheduleRequest { name: b"s", timing: TimingRequest::Every(60_000), submission, options }
}

fn schedule(world: &mut World, options: JobOptions<'_>) {
    let schedule = Schedule::new(request(options), world.now).unwrap();
    world.act(|queue, _, _, out| queue.schedule(schedule, out)).unwrap();
}

#[test]
fn a_job_is_submitted_at_each_due_time() {
    let mut world = World::new();
    schedule(&mut world, JobOptions::default());
    assert_eq!(world.queue.next_due(), Some(START + 60_000));
    world.pass(59_999);
    assert!(world.queue.is_empty());
    for times in 1..=3 {
        world.pass(if times == 1 { 1 } else { 60_000 });
        assert_eq!(world.queue.len(), times);
        world.tick();
        assert_eq!(world.queue.len(), times, "once");
    }
    assert_eq!(world.claim_all(), ["scheduled"; 3]);
}

#[test]
fn what_was_missed_while_no_server_ran_is_submitted_once() {
    let mut world = World::new();
    schedule(&mut world, JobOptions::default());
    world.queue = restored(&world.queue);
    world.pass(3_600_000 + 1_000);
    assert_eq!(world.queue.len(), 1);
    assert_eq!(world.queue.next_due(), Some(START + 3_660_000), "the phase is kept");
}

#[test]
fn a_schedule_obeys_unique_and_the_limits() {
    let mut world = World::new();
    schedule(&mut world, JobOptions { ttl_ms: Some(5), ..unique(Unique::Active) });
    world.pass(60_000);
    world.pass(60_000);
    assert_eq!(world.queue.len(), 1);
    let mut world = World::with(LimitChanges { max_jobs: Some(1), ..LimitChanges::default() });
    schedule(&mut world, JobOptions::default());
    world.pass(60_000);
    world.pass(60_000);
    assert_eq!(world.queue.len(), 1, "a full queue leaves a time out");
    assert_eq!(world.queue.next_due(), Some(START + 180_000));
    let job = world.claim().unwrap();
    world.complete(std::str::from_utf8(&job.id.text()).unwrap(), job.token, "").unwrap();
    world.pass(60_000);
    assert_eq!(world.queue.info(world.now).totals[State::Pending as usize], 1);
}

#[test]
fn a_schedule_is_replaced_and_removed_by_name() {
    let mut world = World::new();
    schedule(&mut world, JobOptions::default());
    world.now += 1_000;
    schedule(&mut world, JobOptions::default());
    assert_eq!((world.queue.schedules().count(), world.queue.next_due()), (1, Some(START + 61_000)));
    let remove = |world: &mut World| world.act(|queue, _, _, out| queue.unschedule(b"s", out));
    assert!(remove(&mut world) && !remove(&mut world));
    assert_eq!(world.queue.next_due(), None);
    assert_eq!(world.queue.bytes(), assess_engine::jobs::Queue::default().bytes());
}

#[test]
fn a_paused_queue_still_submits() {
    let mut world = World::new();
    schedule(&mut world, JobOptions::default());
    world.act(|queue, _, _, out| queue.pause(None, out)).unwrap();
    world.pass(60_000);
    assert_eq!((world.queue.len(), world.claim_all().len()), (1, 0));
}

#[test]
fn a_schedule_has_no_id_and_no_delay_of_its_own() {
    let with_id = JobOptions { id: Some(b"x".into()), ..JobOptions::default() };
    let with_delay = JobOptions { when: When::After(1), ..JobOptions::default() };
    let with_time = JobOptions { when: When::At(1), ..JobOptions::default() };
    for options in [with_id, with_delay, with_time] {
        assert!(Schedule::new(request(options), START).is_err());
    }
}
