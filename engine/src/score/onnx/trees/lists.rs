//! Lists of a tree ensemble, and nodes by their numbers.

use std::collections::HashMap;

use super::super::bad;
use super::super::message::Attributes;
use super::super::tensor::Data;
use super::super::texts::Texts;
use super::MAX_NODES;
use crate::Result;

/// A list of numbers: an attribute of floats, or a tensor.
pub(super) fn numbers(attributes: &Attributes<'_>, name: &str, texts: &mut Texts) -> Result<Vec<f64>> {
    let as_tensor = format!("{name}_as_tensor");
    match attributes.tensor(&as_tensor, texts)? {
        Some(tensor) => {
            if attributes.has(name) || !matches!(tensor.data, Data::F32(_) | Data::F64(_)) {
                return Err(attributes.wrong(&as_tensor));
            }
            Ok((0..tensor.data.len()).map(|i| tensor.data.number(i)).collect())
        }
        None => attributes.floats(name).take(2 * MAX_NODES).map(|x| x.map(f64::from)).collect(),
    }
}

/// The nodes of a tree by their numbers.
enum Places {
    /// The numbers are 0, 1, 2, ..
    Counted,
    Listed(HashMap<i64, u32>),
}

impl Places {
    fn new(ids: impl ExactSizeIterator<Item = i64> + Clone) -> Result<Self> {
        let count = ids.len();
        if ids.clone().enumerate().all(|(i, id)| id == i as i64) {
            return Ok(Self::Counted);
        }
        let places: HashMap<i64, u32> = ids.enumerate().map(|(i, id)| (id, i as u32)).collect();
        if places.len() < count {
            return Err(bad("a tree of the ONNX model has two nodes of the same number"));
        }
        Ok(Self::Listed(places))
    }

    fn find(&self, id: i64, count: usize) -> Option<usize> {
        match self {
            Self::Counted => usize::try_from(id).ok().filter(|&place| place < count),
            Self::Listed(places) => places.get(&id).map(|&place| place as usize),
        }
    }
}

/// A tree of the file: its nodes by their numbers, and where each was stored.
pub(super) struct Grown {
    places: Places,
    stored: Vec<u32>,
}

impl Grown {
    /// A tree whose nodes have these numbers; none is stored.
    pub(super) fn new(ids: impl ExactSizeIterator<Item = i64> + Clone) -> Result<Self> {
        let stored = vec![u32::MAX; ids.len()];
        Ok(Self { places: Places::new(ids)?, stored })
    }

    /// Where the node with this number was stored; `u32::MAX` if it is never reached.
    pub(super) fn stored(&self, id: i64) -> Option<u32> {
        let place = self.find(id)?;
        self.stored.get(place).copied()
    }

    /// The place of a node in the file.
    pub(super) fn find(&self, id: i64) -> Option<usize> {
        self.places.find(id, self.stored.len())
    }

    /// Remembers where a node was stored. Returns false if it was stored before.
    pub(super) fn store(&mut self, place: usize, at: u32) -> bool {
        match self.stored.get_mut(place) {
            Some(stored) if *stored == u32::MAX => {
                *stored = at;
                true
            }
            _ => false,
        }
    }
}
