//! A program: the steps of a graph for one row, with the constants that they read. Built step by step; what depends on no
//! input is computed while it is built.

use super::bad;
use super::fault::Fault;
use super::kernel::{Kernel, Output};
use super::labels::Labels;
use super::tensor::{Data, Kind, Tensor, elements};
use super::trees::Trees;
use crate::Result;

/// The most steps.
const MAX_STEPS: usize = 50_000;
/// The most elements of all results of steps, and of the places that steps read.
const MAX_HELD: usize = 1 << 22;
/// The most nanoseconds for a row, estimated. A graph that needs more is no score model.
const MAX_COST: u64 = 200_000_000;

/// Where the data of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A constant.
    Constant(u32),
    /// The result of a step, or an input.
    Slot(u32),
}

/// A value of the graph.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) source: Source,
}

/// An element that depends on no feature, and one that depends on several.
pub(super) const NO_FEATURE: u32 = u32::MAX;
pub(super) const MANY_FEATURES: u32 = u32::MAX - 1;

/// The result of a step, or an input.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    pub(super) count: usize,
    /// The feature that each element depends on.
    pub(super) origins: Box<[u32]>,
    /// The step that computes it; `None` for an input.
    pub(super) step: Option<usize>,
}

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) kernel: Kernel,
    pub(super) inputs: Box<[Source]>,
    pub(super) output: u32,
    /// The slot of the label.
    pub(super) label: Option<u32>,
}

/// A program.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) constants: Vec<Data>,
    pub(super) slots: Vec<Slot>,
    pub(super) steps: Vec<Step>,
    held: usize,
    cost: u64,
}

impl Program {
    /// Adds a constant.
    pub(super) fn constant(&mut self, tensor: Tensor) -> Result<Value> {
        let Tensor { kind, shape, data } = tensor;
        if elements(&shape)? != data.len() {
            return Err(bad("a tensor of the ONNX model has more or fewer elements than its dimensions say"));
        }
        self.constants.push(data);
        Ok(Value { kind, shape, source: Source::Constant(self.constants.len() as u32 - 1) })
    }

    /// Adds a slot.
    pub(super) fn slot(
        &mut self,
        kind: Kind,
        shape: Vec<usize>,
        origins: Box<[u32]>,
        step: Option<usize>,
    ) -> Result<Value> {
        let count = elements(&shape)?;
        self.hold(count)?;
        self.slots.push(Slot { kind, count, origins, step });
        Ok(Value { kind, shape, source: Source::Slot(self.slots.len() as u32 - 1) })
    }

    /// Counts elements that are not in the file.
    pub(super) fn hold(&mut self, count: usize) -> Result<()> {
        self.held = self.held.saturating_add(count);
        if self.held > MAX_HELD { Err(bad("the ONNX graph has too many elements for a row")) } else { Ok(()) }
    }

    /// The data of a value, if it is a constant.
    pub(super) fn known(&self, value: &Value) -> Option<&Data> {
        match value.source {
            Source::Constant(i) => self.constants.get(i as usize),
            Source::Slot(_) => None,
        }
    }

    /// The origins of the elements of a value.
    pub(super) fn origins(&self, value: &Value) -> &[u32] {
        match value.source {
            Source::Constant(_) => &[],
            Source::Slot(i) => self.slots.get(i as usize).map_or(&[], |slot| &slot.origins),
        }
    }

    /// Adds a step with one result.
    pub(super) fn step(&mut self, kernel: Kernel, inputs: &[&Value], kind: Kind, shape: Vec<usize>) -> Result<Value> {
        self.steps_with(kernel, inputs, (kind, shape), None).map(|(value, _)| value)
    }

    /// Adds a step, with a label of this type as second result if it is a classifier.
    pub(super) fn steps_with(
        &mut self,
        kernel: Kernel,
        inputs: &[&Value],
        (kind, shape): (Kind, Vec<usize>),
        label: Option<Kind>,
    ) -> Result<(Value, Option<Value>)> {
        let count = elements(&shape)?;
        self.hold(count)?;
        self.hold(kernel.places())?;
        self.cost = self.cost.saturating_add(kernel.cost(count));
        if self.steps.len() >= MAX_STEPS || self.cost > MAX_COST {
            return Err(bad("the ONNX graph has too many steps for a row"));
        }
        if inputs.iter().all(|value| self.known(value).is_some()) {
            let mut data = Data::empty(kind);
            let mut text = Data::empty(label.unwrap_or(Kind::I64));
            let known: Vec<&Data> = inputs.iter().filter_map(|value| self.known(value)).collect();
            kernel
                .run(&known, Output { count, data: &mut data, label: &mut text })
                .map_err(|_| bad("a constant part of the ONNX graph has no result"))?;
            let value = self.constant(Tensor { kind, shape, data })?;
            let text = label.map(|kind| self.constant(Tensor { kind, shape: vec![1], data: text })).transpose()?;
            return Ok((value, text));
        }
        let lists: Vec<&[u32]> = inputs.iter().map(|value| self.origins(value)).collect();
        let origins = origins(&kernel, &lists, count);
        let at = self.steps.len();
        let value = self.slot(kind, shape, origins, Some(at))?;
        let text = label.map(|kind| self.slot(kind, vec![1], Box::new([MANY_FEATURES]), Some(at))).transpose()?;
        let number = |value: &Value| match value.source {
            Source::Slot(i) => i,
            Source::Constant(_) => 0,
        };
        let step = Step {
            kernel,
            inputs: inputs.iter().map(|value| value.source).collect(),
            output: number(&value),
            label: text.as_ref().map(number),
        };
        self.steps.push(step);
        Ok((value, text))
    }

    /// Drops the steps that none of these values needs.
    pub(super) fn keep_only(&mut self, wanted: &[Source]) {
        let mut needed = vec![false; self.slots.len()];
        let mark = |source: &Source, needed: &mut Vec<bool>| {
            if let Source::Slot(i) = source
                && let Some(needed) = needed.get_mut(*i as usize)
            {
                *needed = true;
            }
        };
        wanted.iter().for_each(|source| mark(source, &mut needed));
        let is_needed = |needed: &[bool], slot: u32| needed.get(slot as usize).copied().unwrap_or(false);
        let mut keep = vec![false; self.steps.len()];
        for (keep, step) in keep.iter_mut().zip(&self.steps).rev() {
            *keep = is_needed(&needed, step.output) || step.label.is_some_and(|label| is_needed(&needed, label));
            if *keep {
                step.inputs.iter().for_each(|source| mark(source, &mut needed));
            }
        }
        let mut kept = 0;
        let places: Vec<Option<usize>> = keep
            .iter()
            .map(|&keep| {
                keep.then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        let mut at = 0;
        self.steps.retain(|_| {
            at += 1;
            keep[at - 1]
        });
        for slot in &mut self.slots {
            slot.step = slot.step.and_then(|step| places.get(step).copied().flatten());
        }
        self.cost = self.steps.iter().map(|step| step.kernel.cost(self.slots[step.output as usize].count)).sum();
    }

    /// Evaluates all steps. `slots` has the inputs in front; the others are overwritten.
    pub(super) fn run(&self, slots: &mut Vec<Data>) -> Result<(), Fault> {
        self.prepare(slots);
        self.steps.iter().try_for_each(|step| self.run_step(step, slots))
    }

    /// Evaluates all steps for several rows, with the same results. Each step is evaluated for all rows before the next: the
    /// rows share the accesses to the trees of a step.
    ///
    /// # Errors
    /// The fault of some row; another row may have one, too.
    pub(super) fn run_rows(&self, rows: &mut [Vec<Data>]) -> Result<(), Fault> {
        rows.iter_mut().for_each(|slots| self.prepare(slots));
        for step in &self.steps {
            match (&step.kernel, &step.inputs[..]) {
                (Kernel::Trees(trees, labels), &[Source::Slot(input)]) => {
                    self.run_trees(step, (trees, labels), input, rows)?;
                }
                _ => rows.iter_mut().try_for_each(|slots| self.run_step(step, slots))?,
            }
        }
        Ok(())
    }

    /// Slots of another model may have other types.
    fn prepare(&self, slots: &mut Vec<Data>) {
        slots.resize_with(self.slots.len(), || Data::F32(Vec::new()));
    }

    fn run_trees(
        &self,
        step: &Step,
        (trees, labels): (&Trees, &Labels),
        input: u32,
        rows: &mut [Vec<Data>],
    ) -> Result<(), Fault> {
        let count = self.slots[step.output as usize].count;
        let mut found: Vec<Data> = rows.iter_mut().map(|slots| self.taken(slots, step.output)).collect();
        let given: Vec<&Data> = rows.iter().map(|slots| &slots[input as usize]).collect();
        let mut places = vec![0; rows.len()];
        trees.evaluate_rows(&given, &mut found, &mut places);
        for ((slots, data), place) in rows.iter_mut().zip(found).zip(places) {
            if data.len() != count {
                return Err(Fault::Index);
            }
            slots[step.output as usize] = data;
            if let Some(at) = step.label {
                let mut label = self.taken(slots, at);
                labels.put(place, &mut label);
                slots[at as usize] = label;
            }
        }
        Ok(())
    }

    fn run_step(&self, step: &Step, slots: &mut [Data]) -> Result<(), Fault> {
        let unused = Data::F32(Vec::new());
        let mut data = self.taken(slots, step.output);
        let mut label = step.label.map(|label| self.taken(slots, label));
        let mut few: [&Data; 4] = [&unused; 4];
        let mut many = Vec::new();
        let inputs: &[&Data] = if step.inputs.len() <= few.len() {
            for (input, source) in few.iter_mut().zip(&step.inputs) {
                *input = self.data(*source, slots).ok_or(Fault::Index)?;
            }
            &few[..step.inputs.len()]
        } else {
            for source in &step.inputs {
                many.push(self.data(*source, slots).ok_or(Fault::Index)?);
            }
            &many
        };
        let count = self.slots.get(step.output as usize).map_or(0, |slot| slot.count);
        let mut none = Data::I64(Vec::new());
        let result =
            step.kernel.run(inputs, Output { count, data: &mut data, label: label.as_mut().unwrap_or(&mut none) });
        if let Some(slot) = slots.get_mut(step.output as usize) {
            *slot = data;
        }
        if let (Some(at), Some(label)) = (step.label, label)
            && let Some(slot) = slots.get_mut(at as usize)
        {
            *slot = label;
        }
        result
    }

    /// The number of elements of a row in all slots.
    pub(super) fn elements(&self) -> usize {
        self.slots.iter().map(|slot| slot.count).sum()
    }

    /// Takes the buffer of a slot: empty, and of the right type.
    fn taken(&self, slots: &mut [Data], slot: u32) -> Data {
        let kind = self.slots.get(slot as usize).map_or(Kind::F32, |slot| slot.kind);
        let Some(held) = slots.get_mut(slot as usize) else { return Data::empty(kind) };
        let mut data = std::mem::replace(held, Data::Bool(Vec::new()));
        match (&mut data, kind) {
            (Data::F32(list), Kind::F32) => list.clear(),
            (Data::F64(list), Kind::F64) => list.clear(),
            (Data::I64(list), Kind::I32 | Kind::I64) => list.clear(),
            (Data::Bool(list), Kind::Bool) => list.clear(),
            (Data::Text(list), Kind::Text) => list.clear(),
            _ => data = Data::empty(kind),
        }
        data
    }

    /// The data of a source.
    pub(super) fn data<'d>(&'d self, source: Source, slots: &'d [Data]) -> Option<&'d Data> {
        match source {
            Source::Constant(i) => self.constants.get(i as usize),
            Source::Slot(i) => slots.get(i as usize),
        }
    }

    /// The approximate time for a row in nanoseconds.
    pub(super) fn cost(&self) -> u64 {
        self.cost
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        let constants: usize = self.constants.iter().map(|data| data.bytes() + size_of::<Data>()).sum();
        let slots: usize = self.slots.iter().map(|slot| slot.origins.len() * 4 + size_of::<Slot>()).sum();
        let steps: usize = self
            .steps
            .iter()
            .map(|step| step.kernel.bytes() + step.inputs.len() * size_of::<Source>() + size_of::<Step>())
            .sum();
        constants + slots + steps
    }
}

/// The origin of an element that is computed from elements with these origins.
fn joined(a: u32, b: u32) -> u32 {
    match (a, b) {
        (NO_FEATURE, other) | (other, NO_FEATURE) => other,
        (a, b) if a == b => a,
        _ => MANY_FEATURES,
    }
}

/// The origins of the results of a step.
fn origins(kernel: &Kernel, inputs: &[&[u32]], count: usize) -> Box<[u32]> {
    let of =
        |input: usize, place: usize| inputs.get(input).and_then(|list| list.get(place)).copied().unwrap_or(NO_FEATURE);
    let groups = |places: &[u32], size: usize| -> Vec<u32> {
        places
            .chunks(size.max(1))
            .map(|group| group.iter().fold(NO_FEATURE, |all, &place| joined(all, of(0, place as usize))))
            .collect()
    };
    let origins: Vec<u32> = match kernel {
        Kernel::Unary(_)
        | Kernel::Not
        | Kernel::IsNan
        | Kernel::Cast(_)
        | Kernel::Clip { .. }
        | Kernel::Binarize(_)
        | Kernel::Impute(_)
        | Kernel::Encode(_) => (0..count).map(|i| of(0, i)).collect(),
        Kernel::Binary(_, a, b) | Kernel::Compare(_, a, b) | Kernel::Logic(_, a, b) => {
            (0..count).map(|i| joined(of(0, a.at(i)), of(1, b.at(i)))).collect()
        }
        Kernel::Choose(a, b, c) => {
            (0..count).map(|i| joined(of(0, a.at(i)), joined(of(1, b.at(i)), of(2, c.at(i))))).collect()
        }
        Kernel::Pick(places) => places.iter().map(|&(input, place)| of(input as usize, place as usize)).collect(),
        Kernel::OneHot(encoder) => (0..count).map(|i| of(0, i / encoder.count.max(1))).collect(),
        Kernel::Reduce(_, groups_of) | Kernel::Best { groups: groups_of, .. } => {
            groups(&groups_of.places, groups_of.size)
        }
        _ => Vec::new(),
    };
    if origins.len() == count { origins.into() } else { vec![MANY_FEATURES; count].into() }
}
