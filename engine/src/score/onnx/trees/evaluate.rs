//! Evaluates a row, or several. For one row, [`LANES`] trees are descended side by side, since each waits for memory; for
//! several, [`LANES`] rows in the same tree. Both add the weights in the order of the trees, so they give the same bits.

use super::super::super::descent::{LANES, descend};
use super::super::scores::{Second, Transform, pair_double, pair_single, transform_double, transform_single};
use super::super::tensor::Data;
use super::{Aggregate, Column, EQUAL, MISSING, Node, Trees};

/// With at most this number of columns, a row is stored on the stack.
const SHORT: usize = 128;
/// With at most this number of targets, sums are stored on the stack.
const FEW: usize = 16;

/// A floating-point type of sums.
trait Number: Copy + PartialOrd + Default + std::ops::Add<Output = Self> + std::ops::Div<Output = Self> + 'static {
    fn of(x: f64) -> Self;
    fn wide(self) -> f64;
    fn transform(transform: Transform, scores: &mut [Self]);
    fn pair(transform: Transform, second: Second, score: Self) -> [Self; 2];
}

impl Number for f32 {
    fn of(x: f64) -> Self {
        x as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn transform(transform: Transform, scores: &mut [Self]) {
        transform_single(transform, scores);
    }

    fn pair(transform: Transform, second: Second, score: Self) -> [Self; 2] {
        pair_single(transform, second, score)
    }
}

impl Number for f64 {
    fn of(x: f64) -> Self {
        x
    }

    fn wide(self) -> f64 {
        self
    }

    fn transform(transform: Transform, scores: &mut [Self]) {
        transform_double(transform, scores);
    }

    fn pair(transform: Transform, second: Second, score: Self) -> [Self; 2] {
        pair_double(transform, second, score)
    }
}

impl Trees {
    /// Writes the scores of a row, and for a classifier the place of its class in the list of classes. Sums are `f32`, except
    /// for a row of `f64`.
    pub(in super::super) fn evaluate(&self, row: &Data, out: &mut Data, label: &mut usize) {
        let mut short = [0.0; SHORT];
        let mut long = Vec::new();
        let held: &mut [f64] = if self.columns.len() <= SHORT {
            &mut short[..self.columns.len()]
        } else {
            long.resize(self.columns.len(), 0.0);
            &mut long
        };
        for (held, column) in held.iter_mut().zip(&self.columns) {
            *held = column.of(row);
        }
        // The column of leaves, whose threshold is +inf.
        if let Some(first) = held.first_mut() {
            *first = 0.0;
        }
        let Data::F32(out) = out else { return };
        if matches!(row, Data::F64(_)) {
            self.scores::<f64>(held, out, label);
        } else {
            self.scores::<f32>(held, out, label);
        }
    }

    /// As [`Trees::evaluate`] for each of several rows of one type, which share the accesses to the trees.
    pub(in super::super) fn evaluate_rows(&self, rows: &[&Data], out: &mut [Data], labels: &mut [usize]) {
        if matches!(rows, [Data::F64(_), ..]) {
            self.scores_of_rows::<f64>(rows, out, labels);
        } else {
            self.scores_of_rows::<f32>(rows, out, labels);
        }
    }

    fn scores_of_rows<N: Number>(&self, rows: &[&Data], out: &mut [Data], labels: &mut [usize]) {
        let (width, targets) = (self.columns.len(), self.targets);
        let groups = rows.len().div_ceil(LANES);
        let mut lanes: Vec<[f64; LANES]> = vec![[0.0; LANES]; groups * width];
        for (lanes, rows) in lanes.chunks_exact_mut(width).zip(rows.chunks(LANES)) {
            // The first column is for leaves.
            for (lane, column) in lanes.iter_mut().zip(&self.columns).skip(1) {
                for (x, row) in lane.iter_mut().zip(rows) {
                    *x = column.of(row);
                }
            }
        }
        let mut sums = vec![(N::default(), false); rows.len() * targets];
        if self.only.is_empty() {
            self.of_rows(&lanes, &mut sums, targets, |sums, leaf| self.add(leaf, sums));
        } else {
            let mut totals = vec![N::default(); rows.len()];
            self.of_rows(&lanes, &mut totals, 1, |total, leaf| total[0] = total[0] + N::of(self.only[leaf]));
            for (sums, total) in sums.chunks_exact_mut(targets).zip(totals) {
                sums[self.only_target as usize] = (total, true);
            }
        }
        let of_rows = sums.chunks_exact_mut(targets).zip(out).zip(labels);
        for ((sums, out), label) in of_rows {
            if let Data::F32(out) = out {
                self.finish(sums, out, label);
            }
        }
    }

    /// Calls `add` with the sums of each row, of which it has `size`, and with the leaf that it reaches in each tree, in order.
    #[inline]
    fn of_rows<T>(&self, lanes: &[[f64; LANES]], sums: &mut [T], size: usize, add: impl Fn(&mut [T], usize)) {
        for tree in &self.trees {
            let of_group = sums.chunks_mut(LANES * size);
            for (lanes, sums) in lanes.chunks_exact(self.columns.len()).zip(of_group) {
                let mut at = [tree.root; LANES];
                self.descend(&mut at, tree.depth, |column, lane| lanes[column][lane]);
                sums.chunks_exact_mut(size).zip(&at).for_each(|(sums, &leaf)| add(sums, leaf as usize));
            }
        }
    }

    fn scores<N: Number>(&self, held: &[f64], out: &mut Vec<f32>, label: &mut usize) {
        let mut few = [(N::default(), false); FEW];
        let mut many = Vec::new();
        let sums: &mut [(N, bool)] = if self.targets <= FEW {
            &mut few[..self.targets]
        } else {
            many.resize(self.targets, (N::default(), false));
            &mut many
        };
        self.sum(held, sums);
        self.finish(sums, out, label);
    }

    /// The scores and the place of the class from the sums of the weights.
    fn finish<N: Number>(&self, sums: &mut [(N, bool)], out: &mut Vec<f32>, label: &mut usize) {
        match &self.classes {
            None => self.finish_values(sums, out),
            Some(_) if self.targets == 2 => self.finish_two(sums, out, label),
            Some(_) => self.finish_classes(sums, out, label),
        }
    }

    /// Adds the weights of all leaves of a row; each sum says whether it has any.
    fn sum<N: Number>(&self, held: &[f64], sums: &mut [(N, bool)]) {
        for trees in self.trees.chunks(LANES) {
            let mut at = [0; LANES];
            let mut depth = 0;
            for (at, tree) in at.iter_mut().zip(trees) {
                *at = tree.root;
                depth = depth.max(tree.depth);
            }
            // Lanes without a tree repeat the first tree.
            at[trees.len()..].fill(trees[0].root);
            self.descend(&mut at, depth, |column, _| held[column]);
            for &leaf in &at[..trees.len()] {
                self.add(leaf as usize, sums);
            }
        }
    }

    /// Adds the weights of a leaf.
    #[inline]
    fn add<N: Number>(&self, leaf: usize, sums: &mut [(N, bool)]) {
        if let Some(&weight) = self.only.get(leaf) {
            let (sum, has) = &mut sums[self.only_target as usize];
            (*sum, *has) = (*sum + N::of(weight), true);
            return;
        }
        let start = leaf.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        for &(target, weight) in &self.weights[start..self.ends[leaf] as usize] {
            let (sum, has) = &mut sums[target as usize];
            let weight = N::of(weight);
            *sum = match self.aggregate {
                Aggregate::Sum | Aggregate::Average => *sum + weight,
                Aggregate::Min if *has && *sum <= weight => *sum,
                Aggregate::Max if *has && *sum >= weight => *sum,
                Aggregate::Min | Aggregate::Max => weight,
            };
            *has = true;
        }
    }

    /// Moves every lane down to its leaf. `number` gives the number of a lane in a column.
    #[inline]
    fn descend(&self, at: &mut [u32; LANES], depth: u32, number: impl Fn(usize, usize) -> f64) {
        let nodes = &self.nodes[..];
        if self.has_equal {
            descend(at, depth, |lane, at| nodes[at as usize].next_of_any(|column| number(column, lane)));
        } else {
            descend(at, depth, |lane, at| nodes[at as usize].next(|column| number(column, lane)));
        }
    }

    fn base(&self, target: usize) -> f64 {
        self.base.get(target).copied().unwrap_or(0.0)
    }

    fn finish_values<N: Number>(&self, sums: &[(N, bool)], out: &mut Vec<f32>) {
        let count = N::of(self.trees.len() as f64);
        let mut scores: Vec<N> = Vec::new();
        let is_alone = sums.len() == 1;
        for (target, (sum, _)) in sums.iter().enumerate() {
            let mean = if self.aggregate == Aggregate::Average { *sum / count } else { *sum };
            let score = mean + N::of(self.base(target));
            if is_alone {
                let mut score = [score];
                // With one target, onnxruntime applies no other transform.
                if self.transform == Transform::Probit {
                    N::transform(self.transform, &mut score);
                }
                out.push(score[0].wide() as f32);
                return;
            }
            scores.push(score);
        }
        N::transform(self.transform, &mut scores);
        out.extend(scores.iter().map(|score| score.wide() as f32));
    }

    /// Two classes. `sums` has a sum for each, but files often have weights for one class only.
    fn finish_two<N: Number>(&self, sums: &[(N, bool)], out: &mut Vec<f32>, label: &mut usize) {
        let &[(mut first, has_first), (mut second, has_second)] = sums else { return };
        match self.base[..] {
            // The base of the first class counts only where the second has no weight.
            [_, base] if has_second => {
                second = N::of(base) + first;
                first = N::of(-second.wide());
            }
            [base, _] | [base] => first = first + N::of(base),
            _ => {}
        }
        let or_zero = |score, has| if has { score } else { N::default() };
        let decisive = if has_second { second } else { or_zero(first, has_first) };
        let is_single = !has_second && self.base.len() < 2;
        let (is_binary, are_positive) =
            self.classes.as_ref().map_or((false, false), |classes| (classes.is_binary, classes.are_weights_positive));
        let bound = if is_binary && are_positive { 0.5 } else { 0.0 };
        *label = usize::from(decisive.wide() > bound);
        let scores = if is_single {
            let second = if is_binary && are_positive { Second::Complement } else { Second::Opposite };
            N::pair(self.transform, second, or_zero(first, has_first))
        } else {
            let mut scores = [or_zero(first, has_first), or_zero(second, has_second)];
            N::transform(self.transform, &mut scores);
            scores
        };
        out.extend(scores.iter().map(|score| score.wide() as f32));
    }

    fn finish_classes<N: Number>(&self, sums: &mut [(N, bool)], out: &mut Vec<f32>, label: &mut usize) {
        let mut best: Option<(usize, N)> = None;
        for (target, (sum, has)) in sums.iter_mut().enumerate() {
            if let Some(&base) = self.base.get(target) {
                *sum = *sum + N::of(base);
                *has = true;
            }
            if *has && best.is_none_or(|(_, most)| *sum > most) {
                best = Some((target, *sum));
            }
        }
        *label = best.map_or(0, |(target, _)| target);
        let mut scores: Vec<N> = sums.iter().map(|&(sum, _)| sum).collect();
        N::transform(self.transform, &mut scores);
        out.extend(scores.iter().map(|score| score.wide() as f32));
    }
}

impl Column {
    /// The number of the column for a row.
    fn of(self, row: &Data) -> f64 {
        // Integers are compared as `f32`, as onnxruntime does.
        let x = match row {
            Data::I64(row) => row.get(self.input as usize).map_or(f64::NAN, |&x| f64::from(x as f32)),
            row => row.number(self.input as usize),
        };
        if self.is_negated { -x } else { x }
    }
}

impl Node {
    /// The next node for a row, whose columns `number` gives; for a leaf the node itself.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
    #[inline]
    fn next(&self, number: impl Fn(usize) -> f64) -> u32 {
        self.child + u32::from(!(number(self.column as usize) <= self.threshold))
    }

    /// The same in an ensemble with splits that compare `x == threshold`.
    #[inline]
    fn next_of_any(&self, number: impl Fn(usize) -> f64) -> u32 {
        if self.column & EQUAL == 0 {
            return self.next(number);
        }
        let x = number((self.column & !(EQUAL | MISSING)) as usize);
        let is_first = x == self.threshold || self.column & MISSING != 0 && x.is_nan();
        self.child + u32::from(!is_first)
    }
}
