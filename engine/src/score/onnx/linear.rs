//! Linear operators: `LinearRegressor`, `LinearClassifier`, `MatMul` and `Gemm`.

use super::labels::Labels;
use super::scores::{Second, Transform, pair_single, transform_single};
use super::tensor::Data;

/// A `LinearRegressor` or a `LinearClassifier`. It computes in `f32`, also for a row of `f64`, as onnxruntime does.
#[derive(Debug)]
pub(super) struct Linear {
    /// For each output a weight for each input.
    pub(super) weights: Box<[f32]>,
    /// One for each output.
    pub(super) intercepts: Box<[f32]>,
    pub(super) transform: Transform,
    /// The labels of a classifier.
    pub(super) labels: Option<Labels>,
}

/// The labels of what is not a classifier.
static NONE: Labels = Labels(Data::Bool(Vec::new()));

impl Linear {
    /// The number of inputs.
    fn inputs(&self) -> usize {
        self.weights.len() / self.intercepts.len().max(1)
    }

    /// The weight of an input in an output.
    pub(super) fn weight(&self, output: usize, input: usize) -> f64 {
        self.weights.get(output * self.inputs() + input).map_or(0.0, |&weight| f64::from(weight))
    }

    /// The sum of one output for a row, before the transform.
    pub(super) fn sum(&self, x: &Data, output: usize) -> f32 {
        let inputs = self.inputs();
        let weights = self.weights.get(output * inputs..(output + 1) * inputs).unwrap_or_default();
        let products: f32 = match x {
            Data::F32(x) => weights.iter().zip(x).map(|(weight, x)| weight * x).sum(),
            other => weights.iter().enumerate().map(|(i, weight)| weight * other.number(i) as f32).sum(),
        };
        products + self.intercepts.get(output).copied().unwrap_or_default()
    }

    /// Writes the scores of a row, and returns the place of the label of a classifier.
    pub(super) fn run(&self, x: &Data, out: &mut Data) -> Option<usize> {
        let Data::F32(out) = out else { return None };
        out.extend((0..self.intercepts.len()).map(|output| self.sum(x, output)));
        let place = self.labels.as_ref().map(|_| match out[..] {
            [score] => usize::from(score > 0.0),
            _ => {
                let mut best = 0;
                for (i, score) in out.iter().enumerate() {
                    if *score > out[best] {
                        best = i;
                    }
                }
                best
            }
        });
        match (out.first().copied(), out.len(), place) {
            (Some(score), 1, Some(_)) => {
                out.clear();
                out.extend(pair_single(self.transform, Second::Complement, score));
            }
            // With one output, onnxruntime applies no other transform.
            (_, 1, None) if self.transform != Transform::Probit => {}
            _ => transform_single(self.transform, out),
        }
        place
    }

    pub(super) fn labels(&self) -> &Labels {
        self.labels.as_ref().unwrap_or(&NONE)
    }

    pub(super) fn products(&self) -> u64 {
        self.weights.len() as u64
    }

    pub(super) fn bytes(&self) -> usize {
        (self.weights.len() + self.intercepts.len()) * 4 + self.labels.as_ref().map_or(0, |labels| labels.0.bytes())
    }
}

/// A product of two matrices, plus a third: `alpha * A * B + beta * C`. The inputs are A, B and, if there is one, C.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
    /// The steps to the next row and to the next column of A and of B.
    pub(super) of_a: (usize, usize),
    pub(super) of_b: (usize, usize),
    pub(super) alpha: f32,
    pub(super) beta: f32,
    /// The steps to the next row and to the next column of C.
    pub(super) of_c: (usize, usize),
}

impl Product {
    pub(super) fn run(&self, inputs: &[&Data], out: &mut Data) {
        macro_rules! floats {
            ($kind:ident, $type:ty, $a:expr, $b:expr, $out:expr) => {{
                let c = match inputs.get(2) {
                    Some(Data::$kind(c)) => c.as_slice(),
                    _ => &[],
                };
                for row in 0..self.rows {
                    let start = $out.len();
                    $out.resize(start + self.columns, 0.0);
                    let Some(sums) = $out.get_mut(start..) else { return };
                    // Row by row of B: its elements are next to each other.
                    for i in 0..self.inner {
                        let Some(&a) = $a.get(row * self.of_a.0 + i * self.of_a.1) else { continue };
                        for (column, sum) in sums.iter_mut().enumerate() {
                            let b = $b.get(i * self.of_b.0 + column * self.of_b.1).copied().unwrap_or_default();
                            *sum += a * b;
                        }
                    }
                    for (column, sum) in sums.iter_mut().enumerate() {
                        *sum *= <$type>::from(self.alpha);
                        if let Some(&c) = c.get(row * self.of_c.0 + column * self.of_c.1) {
                            *sum += <$type>::from(self.beta) * c;
                        }
                    }
                }
            }};
        }
        match (inputs, out) {
            ([Data::F32(a), Data::F32(b), ..], Data::F32(out)) => floats!(F32, f32, a, b, out),
            ([Data::F64(a), Data::F64(b), ..], Data::F64(out)) => floats!(F64, f64, a, b, out),
            _ => {}
        }
    }

    pub(super) fn products(&self, count: usize) -> u64 {
        (self.inner * count) as u64
    }
}
