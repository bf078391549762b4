//! Consistency checks of a space for tests: everything is counted again from the records.

use std::collections::HashSet;
use std::ops::Bound;

use super::super::slab::{NIL, NO_TIER, Record, flag};
use super::super::{Usage, slab};
use super::{Name, Part, Space};

impl Space {
    /// Inconsistencies, as texts.
    pub(in super::super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        let mut listed = 0;
        for (tier, part) in self.parts() {
            let members: Vec<(u32, &Record)> =
                self.present().filter_map(|(_, slot)| Some((slot, self.slab.get(slot)?))).collect();
            let members: Vec<_> = members.into_iter().filter(|(_, record)| record.tier == tier).collect();
            let bytes = members.iter().map(|(_, record)| record.weight()).sum();
            let usage = Usage { entries: members.len() as u64, bytes };
            fault(usage == part.usage, format!("tier {tier} has {usage:?} but counted {:?}", part.usage));
            let dated = members.iter().filter(|(_, record)| record.is_dated()).count();
            fault(dated == part.dated, format!("tier {tier} has {dated} dated entries but counted {}", part.dated));
            let order = self.order(part);
            fault(order.is_some(), format!("the links of tier {tier} differ between the two directions"));
            let order = order.unwrap_or_default();
            listed += order.len();
            fault(
                order.len() == members.len() && members.iter().all(|(slot, _)| order.contains(slot)),
                format!("the list of tier {tier} has {} of {} entries", order.len(), members.len()),
            );
            let hot = members.iter().filter(|(_, record)| record.has(flag::HOT)).count();
            fault(part.hot.live() == hot, format!("tier {tier} has {hot} candidates but lists {}", part.hot.live()));
        }
        let len = self.slab.len();
        let present = self.present().count();
        fault(present == len, format!("{len} records, {present} names"));
        fault(self.table.len() == len, format!("{len} records, {} hashes", self.table.len()));
        fault(listed == len, format!("{len} records, {listed} in lists"));
        let mut name_bytes = 0;
        let queue: HashSet<u32> = self.unmeasured.iter().copied().collect();
        let mut before: Option<&[u8]> = None;
        for (name, slot) in self.present() {
            let shown = String::from_utf8_lossy(name);
            fault(before.is_none_or(|before| before < name), format!("{shown} is not in the order of names"));
            before = Some(name);
            let Some(record) = self.slab.get(slot) else {
                fault(false, format!("slot {slot} is in the order of names and free"));
                continue;
            };
            name_bytes += record.name.as_ref().map_or(0, Name::memory);
            fault(self.find(record.hash, name) == Some(slot), format!("{shown} is not found by its hash"));
            let tagged = self.tags.of(slot).next().is_some();
            fault(record.has(flag::TAGGED) == tagged, format!("{shown} has a wrong flag for tags"));
            // The queue can contain slots that need not be measured, but every entry to measure must be in it.
            let is_queued = !record.has(flag::UNMEASURED) || queue.contains(&slot);
            fault(is_queued, format!("{shown} will not be measured"));
        }
        fault(self.order.is_counted(), "the counts of the order of names are wrong".into());
        fault(self.name_bytes == name_bytes, format!("names take {name_bytes} bytes, not {}", self.name_bytes));
        fault(self.tags.agree(|slot| self.slab.get(slot).is_some()), "the sets of tags are inconsistent".into());
        faults
    }

    fn present(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.names(Bound::Unbounded)
    }

    fn parts(&self) -> impl Iterator<Item = (u16, &Part)> {
        let numbered = self.tiers.iter().enumerate();
        let numbered = numbered.filter_map(|(at, part)| Some((u16::try_from(at).ok()?, part.as_deref()?)));
        numbered.chain([(NO_TIER, &self.outside)])
    }

    /// The slots of a list; `None` if the links of the two directions differ.
    fn order(&self, part: &Part) -> Option<HashSet<u32>> {
        let along = |from: u32, next: fn(&slab::Record) -> u32| {
            let mut slots = Vec::new();
            let mut at = from;
            while at != NIL && slots.len() <= self.slab.len() {
                slots.push(at);
                at = next(self.slab.get(at)?);
            }
            Some(slots)
        };
        let down = along(part.recency.newest(), |record| record.older)?;
        let mut up = along(part.recency.oldest(), |record| record.newer)?;
        up.reverse();
        (down == up).then(|| down.into_iter().collect())
    }
}
