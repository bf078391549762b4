//! The most frequent successors of one key, in a few slots.
//!
//! The slots are those of "space saving" (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k
//! elements in data streams", 2005): a new successor takes the slot with the lowest count and inherits this count as its
//! possible error. Count minus error never exceeds the true number, so a successor is not predicted by inheritance.

/// The number of slots of a key.
pub(super) const SLOTS: usize = 12;
/// The number of steps after which all counts are halved, so that old habits are forgotten.
pub(super) const WINDOW: u16 = 128;
/// The least number of steps to a successor that is predicted.
pub(super) const LEAST_COUNT: u16 = 2;
/// The least share of a successor that is predicted, in percent of the steps. It is more than one slot's part, so that
/// a key which is followed by ever other keys predicts none of them.
pub(super) const LEAST_PERCENT: u32 = 10;

/// A successor by the hash of its database and name.
#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u64,
    count: u16,
    error: u16,
}

impl Slot {
    /// The number of steps that were certainly to this successor.
    fn certain(&self) -> u16 {
        self.count - self.error
    }
}

/// The successors of a key.
#[derive(Debug, Default)]
pub(super) struct Successors {
    /// The steps from the key, halved with the counts; less than [`WINDOW`] after each step.
    seen: u16,
    slots: Vec<Slot>,
}

impl Successors {
    /// Records a step. O([`SLOTS`]).
    pub(super) fn saw(&mut self, key: u64) {
        self.seen += 1;
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.key == key) {
            slot.count += 1;
        } else if self.slots.len() < SLOTS {
            if self.slots.len() == self.slots.capacity() {
                // Most keys have few successors.
                self.slots.reserve_exact(self.slots.len().clamp(2, SLOTS / 3));
            }
            self.slots.push(Slot { key, count: 1, error: 0 });
        } else if let Some(slot) = self.slots.iter_mut().min_by_key(|slot| slot.count) {
            *slot = Slot { key, count: slot.count + 1, error: slot.count };
        }
        if self.seen >= WINDOW {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.seen /= 2;
        for slot in &mut self.slots {
            // The error is rounded up, so that the certain part is never too large.
            slot.error = slot.error.div_ceil(2).min(slot.count / 2);
            slot.count /= 2;
        }
        self.slots.retain(|slot| slot.count > 0);
    }

    /// The likely successors, the most frequent first.
    pub(super) fn likely(&self) -> impl Iterator<Item = u64> {
        let is_likely = |slot: &&Slot| {
            let certain = slot.certain();
            certain >= LEAST_COUNT && u32::from(certain) * 100 >= u32::from(self.seen) * LEAST_PERCENT
        };
        let mut likely: Vec<&Slot> = self.slots.iter().filter(is_likely).collect();
        likely.sort_by_key(|slot| std::cmp::Reverse(slot.certain()));
        likely.into_iter().map(|slot| slot.key)
    }

    /// The bytes of the slots on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }
}
