//! ONNX: the graphs that skl2onnx and onnxmltools write for scikit-learn, XGBoost and LightGBM.
//!
//! A graph is evaluated for one row. With one row and known inputs all dimensions are known when the file is read, so the
//! graph becomes a list of steps over flat lists of elements; reshaping costs nothing, and what depends on no input is
//! computed at load. Numbers have the types of the graph: `f32` is computed in `f32`, as onnxruntime does, in the order of one
//! thread. What an operator does where the specification is vague was found by experiments with onnxruntime.
//!
//! An operator, an attribute or a type that is not evaluated like this is refused by name. The byte form of a model is its
//! file, which is read again with all its checks.

mod answer;
mod arithmetic;
mod build;
mod building;
mod codec;
mod contribution;
mod fault;
mod kernel;
mod labels;
mod learned;
mod linear;
mod message;
mod places;
mod plain;
mod preparation;
mod program;
mod scores;
mod shapes;
mod tensor;
mod texts;
mod trees;
mod wire;

#[cfg(test)]
mod tests;

pub(super) use codec::{Decoder, File};
pub(super) use fault::Fault;

use answer::Meaning;
use building::{Building, Input};
use contribution::Explained;
use kernel::Kernel;
use message::{Graph, Model};
use program::Program;
use tensor::{Data, Kind, UNKNOWN_TEXT};

use super::categories::{Categories, Category, Unseen};
use super::features::{EXACT, Features};
use crate::{Error, Progress, Result};

/// A model of ONNX; immutable.
#[derive(Debug)]
pub(super) struct Onnx {
    file: File,
    program: Program,
    inputs: Vec<Input>,
    meaning: Meaning,
    /// How the score is a sum of terms of features, if it is.
    explained: Option<Explained>,
    features: usize,
}

/// The buffers of an evaluation. Each thread keeps them.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    slots: Vec<Data>,
    /// The slots of each row of a block.
    rows: Vec<Vec<Data>>,
}

/// The most rows of a block, and elements of all its rows: they stay in the cache while the trees of a step are evaluated.
const BLOCK: usize = 128;
const BLOCK_ELEMENTS: usize = 1 << 16;
/// The most nanoseconds between two checks for cancellation, estimated.
const BLOCK_COST: u64 = 50_000_000;

/// The error for a file.
fn bad(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::bad_whole(reason)
}

/// A name of the file for an error text: itself if it is short and has plain characters only.
fn shown(name: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte);
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(is_plain) {
        name
    } else {
        "(a name that cannot be shown)"
    }
}

/// Whether the bytes begin as a model of ONNX: the version of the form, then a text or a message.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=64, 0x12 | 0x1a | 0x22 | 0x32 | 0x3a | 0x42, ..])
}

/// Reads a file.
///
/// # Errors
/// [`Error::BadInput`], [`Error::Cancelled`].
pub(super) fn read(bytes: &[u8], warnings: &mut Vec<String>, progress: &Progress) -> Result<(Features, Onnx)> {
    if bytes.len() > codec::MAX_FILE {
        return Err(Error::TooBig { what: "the size of an ONNX file in bytes", limit: codec::MAX_FILE as u64 });
    }
    let (names, categories, onnx) = Onnx::read(bytes, File::new(bytes), warnings, progress)?;
    let decimals = vec![EXACT; names.len()];
    let mut features = Features::new(names, decimals).map_err(bad)?;
    features.set_categories(categories).map_err(bad)?;
    Ok((features, onnx))
}

/// What is read from a file.
struct Parts {
    program: Program,
    inputs: Vec<Input>,
    names: Names,
    categories: Lists,
    meaning: Meaning,
    explained: Option<Explained>,
}

type Names = Vec<Box<str>>;
type Lists = Vec<Option<Categories>>;

impl Parts {
    fn read(file: &[u8], warnings: &mut Vec<String>, progress: &Progress) -> Result<Self> {
        let model = Model::read(file)?;
        let graph = Graph::read(model.graph)?;
        let mut building = Building::read(&model, &graph, progress)?;
        let meaning = Meaning::of(&building, &graph, warnings)?;
        building.program.keep_only(&meaning.sources());
        let explained = Explained::of(&building.program, &meaning);
        let explained =
            explained.map_err(|reason| warnings.push(format!("contributions are not given: {reason}"))).ok();
        let Building { program, inputs, features: names, texts, .. } = building;
        let mut categories: Lists = vec![None; names.len()];
        for input in &inputs {
            for (list, known) in categories.iter_mut().skip(input.start).zip(&input.texts) {
                let text = |&place: &u32| Category::Text(texts.all.get(place as usize).cloned().unwrap_or_default());
                *list = Some(Categories::new(known.iter().map(text).collect(), Unseen::Other).map_err(bad)?);
            }
        }
        Ok(Self { program, inputs, names, categories, meaning, explained })
    }
}

impl Onnx {
    /// Reads a file. Returns the names of the features and their categories, too.
    fn read(bytes: &[u8], file: File, warnings: &mut Vec<String>, progress: &Progress) -> Result<(Names, Lists, Self)> {
        let Parts { program, inputs, names, categories, meaning, explained } = Parts::read(bytes, warnings, progress)?;
        let features = names.len();
        Ok((names, categories, Self { file, program, inputs, meaning, explained, features }))
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The number of features.
    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// The labels of the classes; empty if the answer is a number.
    pub(super) fn classes(&self) -> &[Box<str>] {
        self.meaning.labels()
    }

    /// The number of outputs: 1, or one for each of several targets or of more than two classes.
    pub(super) fn outputs(&self) -> usize {
        self.meaning.outputs()
    }

    /// Whether margins are computed.
    pub(super) fn has_margins(&self) -> bool {
        self.explained.as_ref().is_some_and(Explained::has_margins)
    }

    /// Evaluates a row: writes the outputs and the margins, if there are any, and returns the place of the class. A missing
    /// value is NaN.
    ///
    /// # Errors
    /// With the feature that is at fault, if one is.
    pub(super) fn evaluate(
        &self,
        row: &[f64],
        buffers: &mut Buffers,
        margins: &mut Vec<f64>,
        outputs: &mut [f64],
    ) -> Result<Option<usize>, (Fault, Option<usize>)> {
        let slots = &mut buffers.slots;
        self.fill(row, slots)?;
        self.program.run(slots).map_err(|fault| (fault, None))?;
        let class = self.meaning.answer(&self.program, slots, outputs).map_err(|fault| (fault, None))?;
        margins.clear();
        if let Some(explained) = &self.explained {
            explained.margins(&self.program, slots, margins);
        }
        Ok(class)
    }

    /// Writes the outputs of several rows, with the same bits as [`Onnx::evaluate`], and keeps the first margin of each. Returns false if a row may have no
    /// result: then `out` has no meaning, and rows must be evaluated one by one to find it.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(super) fn evaluate_rows(
        &self,
        rows: &[f64],
        buffers: &mut Buffers,
        (margins, kept): (&mut Vec<f64>, &mut Vec<f64>),
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<bool> {
        let of_cost = usize::try_from(BLOCK_COST / self.cost().max(1)).unwrap_or(BLOCK);
        let per_block = (BLOCK_ELEMENTS / self.program.elements().max(1)).min(of_cost).clamp(1, BLOCK);
        let outputs = self.outputs();
        for (rows, out) in rows.chunks(per_block * self.features).zip(out.chunks_mut(per_block * outputs)) {
            progress.check()?;
            let count = rows.len() / self.features;
            if buffers.rows.len() < count {
                buffers.rows.resize_with(count, Vec::new);
            }
            let of_rows = &mut buffers.rows[..count];
            let mut filled = rows.chunks_exact(self.features).zip(&mut *of_rows);
            if filled.any(|(row, slots)| self.fill(row, slots).is_err()) || self.program.run_rows(of_rows).is_err() {
                return Ok(false);
            }
            for (slots, out) in of_rows.iter().zip(out.chunks_exact_mut(outputs)) {
                margins.clear();
                if let Some(explained) = &self.explained {
                    explained.margins(&self.program, slots, margins);
                }
                let is_answered = self.meaning.answer(&self.program, slots, out).is_ok();
                if !is_answered || !out.iter().chain(&*margins).all(|x| x.is_finite()) {
                    return Ok(false);
                }
                kept.extend(margins.first());
            }
        }
        Ok(true)
    }

    /// Fills the inputs with a row.
    fn fill(&self, row: &[f64], slots: &mut Vec<Data>) -> Result<(), (Fault, Option<usize>)> {
        for (i, input) in self.inputs.iter().enumerate() {
            if slots.len() <= i {
                slots.push(Data::empty(input.kind));
            }
            let row = row.get(input.start..input.start + input.count).unwrap_or_default();
            fill(input, row, &mut slots[i])?;
        }
        Ok(())
    }

    /// The contribution of each feature to the margin, or to the score, of the row that was evaluated last with these
    /// buffers; `group` is the place of the class. `out` has a number for each feature.
    pub(super) fn contributions(&self, buffers: &Buffers, group: usize, out: &mut [f64]) {
        out.fill(0.0);
        if let Some(explained) = &self.explained {
            explained.contributions(&self.program, &buffers.slots, group, out);
        }
    }

    /// The number of operators, and that of trees.
    pub(super) fn counts(&self) -> (usize, usize) {
        let trees = self.program.steps.iter().map(|step| match &step.kernel {
            Kernel::Trees(trees, _) => trees.count(),
            _ => 0,
        });
        (self.program.steps.len(), trees.sum())
    }

    /// The approximate time for a row in nanoseconds.
    pub(super) fn cost(&self) -> u64 {
        self.program.cost()
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let labels: usize = self.classes().iter().map(|label| label.len() + size_of::<Box<str>>()).sum();
        let texts: usize =
            self.inputs.iter().flat_map(|input| &input.texts).map(|known| known.capacity() * 4 + 24).sum();
        let inputs = self.inputs.len() * size_of::<Input>() + texts;
        (size_of::<Self>() + self.program.bytes() + labels + inputs) as u64
    }
}

/// Fills an input with its part of a row.
fn fill(input: &Input, row: &[f64], slot: &mut Data) -> Result<(), (Fault, Option<usize>)> {
    let is_fit = matches!(
        (&*slot, input.kind),
        (Data::F32(_), Kind::F32)
            | (Data::F64(_), Kind::F64)
            | (Data::I64(_), Kind::I32 | Kind::I64)
            | (Data::Bool(_), Kind::Bool)
            | (Data::Text(_), Kind::Text)
    );
    if !is_fit {
        *slot = Data::empty(input.kind);
    }
    match slot {
        Data::F32(list) => {
            list.clear();
            list.extend(row.iter().map(|&x| x as f32));
        }
        Data::F64(list) => {
            list.clear();
            list.extend_from_slice(row);
        }
        Data::I64(list) => {
            list.clear();
            let most = if input.kind == Kind::I32 { f64::from(i32::MAX) } else { 9e18 };
            for (i, &x) in row.iter().enumerate() {
                let fault = if x.is_nan() { Fault::Missing } else { Fault::Fraction };
                if x.is_nan() || x.fract() != 0.0 || x.abs() > most {
                    return Err((fault, Some(input.start + i)));
                }
                list.push(x as i64);
            }
        }
        Data::Bool(list) => {
            list.clear();
            for (i, &x) in row.iter().enumerate() {
                let fault = if x.is_nan() { Fault::Missing } else { Fault::Fraction };
                if x != 0.0 && x != 1.0 {
                    return Err((fault, Some(input.start + i)));
                }
                list.push(x != 0.0);
            }
        }
        Data::Text(list) => {
            list.clear();
            for (i, (&x, known)) in row.iter().zip(&input.texts).enumerate() {
                if x.is_nan() {
                    return Err((Fault::Missing, Some(input.start + i)));
                }
                // Past the end are the categories that no operator knows.
                list.push(known.get(x as usize).copied().unwrap_or(UNKNOWN_TEXT));
            }
        }
    }
    Ok(())
}
