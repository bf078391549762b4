//! Names of types and groups as small numbers, so that a waiting job does not hold a copy of them.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of a name. Numbers of unused names are used again.
pub(super) type NameId = u32;

/// Names in use, with the number of their uses. Trees, because a table or an array would be copied as a whole when it
/// grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<Arc<[u8]>, NameId>,
    names: BTreeMap<NameId, Used>,
    free: Vec<NameId>,
}

#[derive(Debug, Clone)]
struct Used {
    name: Arc<[u8]>,
    uses: u64,
}

impl Names {
    /// The number of a name, with one more use.
    pub(super) fn acquire(&mut self, name: &[u8]) -> NameId {
        if let Some(&id) = self.numbers.get(name) {
            if let Some(used) = self.names.get_mut(&id) {
                used.uses += 1;
            }
            return id;
        }
        let id = self.free.pop().unwrap_or(self.names.len() as NameId);
        let name: Arc<[u8]> = name.into();
        self.numbers.insert(Arc::clone(&name), id);
        self.names.insert(id, Used { name, uses: 1 });
        id
    }

    /// Ends one use.
    pub(super) fn release(&mut self, id: NameId) {
        let Some(used) = self.names.get_mut(&id) else { return };
        used.uses -= 1;
        if used.uses == 0 {
            let name = Arc::clone(&used.name);
            self.numbers.remove(&name);
            self.names.remove(&id);
            self.free.push(id);
        }
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<NameId> {
        self.numbers.get(name).copied()
    }

    /// The name; empty for a number that is not in use.
    pub(super) fn name(&self, id: NameId) -> &[u8] {
        self.names.get(&id).map_or(&[], |used| &used.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_while_it_is_used() {
        let mut names = Names::default();
        let (a, b) = (names.acquire(b"a"), names.acquire(b"b"));
        assert_eq!((names.acquire(b"a"), names.find(b"b"), names.name(a)), (a, Some(b), &b"a"[..]));
        names.release(a);
        assert_eq!(names.find(b"a"), Some(a));
        names.release(a);
        assert_eq!((names.find(b"a"), names.name(a)), (None, &[][..]));
        assert_eq!((names.acquire(b"c"), names.name(a)), (a, &b"c"[..]));
    }
}
