//! What the outputs of a graph mean: a number, several numbers, or the probabilities of classes.

use super::building::{Building, Named};
use super::fault::Fault;
use super::kernel::Kernel;
use super::message::Graph;
use super::program::{Program, Source, Value};
use super::tensor::{Data, Kind, elements};
use super::{bad, shown};
use crate::Result;
use crate::score::{MAX_CLASSES, MAX_NAME};

/// How far a probability may be outside of 0 to 1 by rounding: it is then 0 or 1.
const ROUNDING: f64 = 1e-5;

/// The outputs that answer.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A number: the only element.
    Value(Source),
    /// Several numbers, as of several targets; their count.
    Values(Source, usize),
    Classes {
        /// The probability of each class.
        probabilities: Source,
        /// The label of the class, if the graph has it: one element.
        label: Option<Source>,
        /// The labels as they are in the graph, and as text.
        codes: Data,
        labels: Vec<Box<str>>,
    },
}

impl Meaning {
    /// Finds the meaning of the outputs.
    pub(super) fn of(building: &Building<'_>, graph: &Graph<'_>, warnings: &mut Vec<String>) -> Result<Self> {
        let mut outputs: Vec<(&str, &Named)> = Vec::new();
        for port in &graph.outputs {
            let named = building.names.get(port.name);
            let named = named
                .ok_or_else(|| bad(format!("the output {} of the ONNX model is not computed", shown(port.name))))?;
            outputs.push((port.name, named));
        }
        let is_map = |named: &Named| named.labels.is_some();
        let maps: Vec<_> = outputs.iter().filter(|(_, named)| is_map(named)).collect();
        let floats: Vec<_> =
            outputs.iter().filter(|(_, named)| !is_map(named) && named.value.kind.is_float()).collect();
        let others: Vec<_> =
            outputs.iter().filter(|(_, named)| !is_map(named) && !named.value.kind.is_float()).collect();
        let label = match others[..] {
            [] => None,
            [(_, named)] if elements(&named.value.shape)? == 1 => Some(&named.value),
            _ => return Err(unclear(&outputs)),
        };
        match (&maps[..], &floats[..]) {
            ([(_, map)], []) => {
                let codes = map.labels.as_deref().cloned().unwrap_or(Data::I64(Vec::new()));
                Self::classes(building, &map.value, label, codes)
            }
            ([], [(_, named)]) if elements(&named.value.shape)? == 1 => {
                if label.is_some() {
                    warnings.push(
                        "the model has two outputs, a number and a label: the answer is the number, without the label"
                            .into(),
                    );
                }
                Ok(Self::Value(named.value.source))
            }
            ([], [(name, named)]) => {
                let count = elements(&named.value.shape)?;
                let is_vector = matches!(named.value.shape[..], [_] | [1, _]);
                let codes = match label {
                    Some(label) => codes(building, label, count),
                    None if is_softmax(&building.program, &named.value) => {
                        warnings.push("the file does not name its classes: they are numbered from 0".into());
                        Some(Data::I64((0..count as i64).collect()))
                    }
                    None if is_vector && (2..=MAX_CLASSES).contains(&count) => {
                        return Ok(Self::Values(named.value.source, count));
                    }
                    None => {
                        return Err(bad(format!(
                            "the output {} of the ONNX model has {count} numbers for a row: only a list of up to 1024, or the \
                             probabilities of classes, can be used",
                            shown(name)
                        )));
                    }
                };
                let codes = codes.ok_or_else(|| {
                    bad("the labels of the classes are not found in the ONNX model: convert with zipmap, or with an output of \
                         labels")
                })?;
                Self::classes(building, &named.value, label, codes)
            }
            _ => Err(unclear(&outputs)),
        }
    }

    fn classes(building: &Building<'_>, probabilities: &Value, label: Option<&Value>, codes: Data) -> Result<Self> {
        let count = elements(&probabilities.shape)?;
        if codes.len() != count || !(2..=MAX_CLASSES).contains(&count) {
            return Err(bad("the ONNX model does not have one probability for each of 2 to 1024 classes"));
        }
        let labels: Vec<Box<str>> = match &codes {
            Data::I64(list) => list.iter().map(|label| label.to_string().into()).collect(),
            Data::Text(list) => {
                list.iter().map(|&text| building.texts.all.get(text as usize).cloned().unwrap_or_default()).collect()
            }
            _ => return Err(bad("the labels of the classes of the ONNX model are neither integers nor texts")),
        };
        let mut sorted: Vec<&str> = labels.iter().map(|label| &**label).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1])
            || labels.iter().any(|label| label.is_empty() || label.len() > MAX_NAME)
        {
            return Err(bad(
                "two classes of the ONNX model have the same label, or a label is empty or longer than 256 bytes",
            ));
        }
        let is_text = matches!(codes, Data::Text(_));
        if label.is_some_and(|label| (label.kind == Kind::Text) != is_text || label.kind == Kind::Bool) {
            return Err(bad("the label that the ONNX model answers is not of the type of its classes"));
        }
        let source = probabilities.source;
        Ok(Self::Classes { probabilities: source, label: label.map(|label| label.source), codes, labels })
    }

    /// The values that must be computed.
    pub(super) fn sources(&self) -> Vec<Source> {
        match self {
            Self::Value(source) | Self::Values(source, _) => vec![*source],
            Self::Classes { probabilities, label, .. } => std::iter::once(*probabilities).chain(*label).collect(),
        }
    }

    /// The number of outputs: 1, or one for each of several targets or of more than two classes.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Value(_) => 1,
            Self::Values(_, count) => *count,
            Self::Classes { labels, .. } if labels.len() == 2 => 1,
            Self::Classes { labels, .. } => labels.len(),
        }
    }

    /// The labels of the classes.
    pub(super) fn labels(&self) -> &[Box<str>] {
        match self {
            Self::Value(_) | Self::Values(..) => &[],
            Self::Classes { labels, .. } => labels,
        }
    }

    /// Writes the outputs of a row that was evaluated, and returns the place of its class.
    pub(super) fn answer(
        &self,
        program: &Program,
        slots: &[Data],
        outputs: &mut [f64],
    ) -> Result<Option<usize>, Fault> {
        let number = |source, i| program.data(source, slots).map_or(f64::NAN, |data| data.number(i));
        match self {
            Self::Value(source) => {
                outputs.fill(number(*source, 0));
                Ok(None)
            }
            Self::Values(source, _) => {
                outputs.iter_mut().enumerate().for_each(|(i, output)| *output = number(*source, i));
                Ok(None)
            }
            Self::Classes { probabilities, label, codes, labels } => {
                let mut best = (0, f64::NEG_INFINITY);
                for place in 0..labels.len() {
                    let probability = number(*probabilities, place);
                    if !(-ROUNDING..=1.0 + ROUNDING).contains(&probability) && probability.is_finite() {
                        return Err(Fault::Probability);
                    }
                    let probability = if probability.is_finite() { probability.clamp(0.0, 1.0) } else { probability };
                    if probability > best.1 {
                        best = (place, probability);
                    }
                    // Of two classes, the output is the probability of the second.
                    match &mut *outputs {
                        [only] => *only = probability,
                        many => {
                            if let Some(output) = many.get_mut(place) {
                                *output = probability;
                            }
                        }
                    }
                }
                let Some(label) = label else { return Ok(Some(best.0)) };
                let place = match (program.data(*label, slots), codes) {
                    (Some(Data::I64(found)), Data::I64(codes)) => {
                        found.first().and_then(|found| codes.iter().position(|code| code == found))
                    }
                    (Some(Data::Text(found)), Data::Text(codes)) => {
                        found.first().and_then(|found| codes.iter().position(|code| code == found))
                    }
                    _ => None,
                };
                place.map(Some).ok_or(Fault::Label)
            }
        }
    }
}

/// The error for outputs of another form.
fn unclear(outputs: &[(&str, &Named)]) -> crate::Error {
    let names: Vec<&str> = outputs.iter().take(8).map(|(name, _)| shown(name)).collect();
    bad(format!(
        "the outputs of the ONNX model ({}) are neither one number nor a label with probabilities",
        names.join(", ")
    ))
}

fn is_softmax(program: &Program, value: &Value) -> bool {
    step_of(program, value.source).is_some_and(|step| matches!(step.kernel, Kernel::Softmax { is_log: false, .. }))
}

fn step_of(program: &Program, source: Source) -> Option<&super::program::Step> {
    let Source::Slot(slot) = source else { return None };
    let step = program.slots.get(slot as usize)?.step?;
    program.steps.get(step)
}

/// The labels that the output `label` can have: those of its classifier, those of a list that it looks its label up in, or the
/// places of `count` classes.
fn codes(building: &Building<'_>, label: &Value, count: usize) -> Option<Data> {
    let mut source = label.source;
    loop {
        if let Source::Slot(slot) = source
            && let Some(labels) = building.labels.get(&slot)
        {
            return Some(Data::clone(labels));
        }
        let step = step_of(&building.program, source)?;
        match &step.kernel {
            Kernel::Cast(_) => source = *step.inputs.first()?,
            Kernel::Lookup { .. } => {
                let Source::Constant(list) = step.inputs.first()? else { return None };
                return match building.program.constants.get(*list as usize)? {
                    Data::F32(list) if list.iter().all(|x| x.fract() == 0.0) => {
                        Some(Data::I64(list.iter().map(|&x| x as i64).collect()))
                    }
                    Data::I64(list) => Some(Data::I64(list.clone())),
                    Data::Text(list) => Some(Data::Text(list.clone())),
                    _ => None,
                };
            }
            Kernel::Best { is_largest: true, .. } => return Some(Data::I64((0..count as i64).collect())),
            _ => return None,
        }
    }
}
