//! The rows and columns that changes affect, from which the size of a low-rank update follows.

use super::apply::{Changed, Step};

/// The maximum of k; above it, the series is summed.
pub(super) const MOST_RANK: usize = 256;

/// The work of an update, in operations per coefficient of the table, above which the series is summed.
const MOST_WORK: usize = 32;

/// Work that is never too much.
const LITTLE_WORK: usize = 1 << 22;

/// Sets of nodes that the changes affect, each in order.
#[derive(Debug)]
pub(super) struct Sets {
    /// Rows changed as a whole or in part.
    pub(super) r: Vec<u32>,
    /// Columns changed as a whole or in part.
    pub(super) c: Vec<u32>,
    /// Rows of L that are needed: R, C, and the columns of `D~`.
    pub(super) p: Vec<u32>,
    /// Columns of L that are needed: R, C, and the rows of `G~`.
    pub(super) q: Vec<u32>,
    /// The columns of `D~`.
    pub(super) y: Vec<u32>,
    /// The rows of `G~`.
    pub(super) x: Vec<u32>,
}

/// The largest part of the inverse that is copied, in numbers: 32 MB.
const MOST_PART: usize = 1 << 22;

impl Sets {
    /// The sets of some changes. A change of a block counts as one of rows or of columns, whichever are fewer.
    pub(super) fn of(changed: &Changed<'_>) -> Self {
        let n = changed.len();
        let [mut r, mut c, mut x, mut y] = [(); 4].map(|()| vec![false; n]);
        let mark = |set: &mut [bool], members: &[u32]| members.iter().for_each(|&i| set[i as usize] = true);
        for step in &changed.steps {
            match step {
                Step::Extract(nodes) => {
                    mark(&mut r, changed.groups.members(nodes));
                    mark(&mut c, changed.groups.members(nodes));
                }
                Step::Scale { from, to, .. } => {
                    let (rows, columns) = (changed.groups.members(from), changed.groups.members(to));
                    if rows.len() <= columns.len() {
                        mark(&mut r, rows);
                        if columns.len() < n {
                            mark(&mut y, columns);
                        }
                    } else {
                        mark(&mut c, columns);
                        if rows.len() < n {
                            mark(&mut x, rows);
                        }
                    }
                }
                Step::Replace { moves, .. } => {
                    for &(from, to) in moves {
                        mark(&mut r, &[from, to]);
                    }
                }
            }
        }
        let any_of = |sets: &[&[bool]]| -> Vec<u32> {
            (0..n as u32).filter(|&i| sets.iter().any(|set| set[i as usize])).collect()
        };
        let (y, x) = match (r.contains(&true), c.contains(&true)) {
            (false, false) => (vec![false; n], vec![false; n]),
            (false, true) => (vec![false; n], x),
            (true, false) => (y, vec![false; n]),
            (true, true) => {
                let both = |a: &[bool], b: &[bool]| a.iter().zip(b).map(|(a, b)| *a || *b).collect::<Vec<_>>();
                (both(&y, &c), both(&x, &r))
            }
        };
        Self {
            p: any_of(&[&r, &c, &y]),
            q: any_of(&[&r, &c, &x]),
            r: any_of(&[&r]),
            c: any_of(&[&c]),
            y: any_of(&[&y]),
            x: any_of(&[&x]),
        }
    }

    /// k, the rank of the change at most.
    pub(super) fn rank(&self) -> usize {
        self.r.len() + self.c.len()
    }

    /// Whether the update is faster than a few dozen passes over the matrix.
    pub(super) fn is_small(&self, n: usize) -> bool {
        let k = self.rank();
        let work = self.p.len() * self.q.len() * k + k * k * k + n * (self.p.len() + self.q.len());
        k <= MOST_RANK && self.p.len() * self.q.len() <= MOST_PART && work <= LITTLE_WORK.max(MOST_WORK * n * n)
    }
}

/// The place of every node of a set in the set.
pub(super) fn places(set: &[u32], n: usize) -> Vec<usize> {
    let mut places = vec![usize::MAX; n];
    set.iter().enumerate().for_each(|(at, &node)| places[node as usize] = at);
    places
}
