//! A queue that serves users in turn: one who queues a thousand tasks delays each task of the others by one of them.

use std::collections::{HashMap, VecDeque};

/// Tasks in the order of their arrival for each user, and the users in turn.
#[derive(Debug)]
pub(super) struct Turns<T> {
    tasks: HashMap<u64, VecDeque<T>>,
    /// The users that have tasks, the next one first.
    turns: VecDeque<u64>,
    len: usize,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { tasks: HashMap::new(), turns: VecDeque::new(), len: 0 }
    }
}

impl<T> Turns<T> {
    pub(super) fn push(&mut self, user: u64, task: T) {
        let tasks = self.tasks.entry(user).or_default();
        if tasks.is_empty() {
            self.turns.push_back(user);
        }
        tasks.push_back(task);
        self.len += 1;
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let user = self.turns.pop_front()?;
        let tasks = self.tasks.get_mut(&user)?;
        let task = tasks.pop_front();
        if tasks.is_empty() {
            self.tasks.remove(&user);
        } else {
            self.turns.push_back(user);
        }
        self.len -= 1;
        task
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_with_many_tasks_delays_others_by_one_each() {
        let mut queue = Turns::default();
        (0..5).for_each(|task| queue.push(1, (1, task)));
        queue.push(2, (2, 0));
        queue.push(3, (3, 0));
        queue.push(2, (2, 1));
        assert_eq!(queue.len(), 8);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (1, 2), (1, 3), (1, 4)]);
        assert!(queue.is_empty() && queue.tasks.is_empty(), "nothing is left of users without tasks");
    }

    #[test]
    fn one_user_is_served_in_the_order_of_arrival() {
        let mut queue = Turns::default();
        queue.push(1, 'a');
        queue.push(1, 'b');
        assert_eq!(queue.pop(), Some('a'));
        queue.push(1, 'c');
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some('b'), Some('c'), None]);
    }
}
