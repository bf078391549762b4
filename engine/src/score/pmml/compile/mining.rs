//! `MiningModel`: segments and how their results become one.

use super::super::element::{Element, shown};
use super::super::heads;
use super::super::program::{Body, Combine, Graph, Method, Mining, Model, Segment};
use super::decisions::Decisions;
use super::tree::Planted;
use super::{Compiled, Compiler};
use crate::score::MAX_CLASSES;
use crate::{Error, Result};

/// The methods that combine all segments, with their names. Those with a prefix are of the reference evaluator.
const METHODS: [(&str, Method); 9] = [
    ("sum", Method::Sum),
    ("average", Method::Average),
    ("weightedSum", Method::WeightedSum),
    ("x-weightedSum", Method::WeightedSum),
    ("weightedAverage", Method::WeightedAverage),
    ("median", Method::Median),
    ("max", Method::Max),
    ("majorityVote", Method::Vote),
    ("weightedMajorityVote", Method::WeightedVote),
];

impl<'a> Compiler<'a> {
    #[expect(clippy::too_many_lines, reason = "one arm for each method")]
    pub(super) fn mining(&mut self, element: &'a Element, depth: usize) -> Result<Compiled> {
        heads::only(element, &["modelName", "functionName", "algorithmName", "isScorable"], &["Segmentation"])?;
        let is_classification = Self::is_classification(element)?;
        let segmentation = element.needed_child("Segmentation")?;
        segmentation.only(
            &["multipleModelMethod", "missingPredictionTreatment", "missingThreshold"],
            &["Segment", "LocalTransformations"],
        )?;
        let name = segmentation.needed("multipleModelMethod")?;
        let combine = match name {
            "selectFirst" => Combine::First,
            "modelChain" => Combine::Chain,
            _ => {
                let known = METHODS.iter().find(|(known, _)| *known == name).map(|(_, method)| *method);
                let is_right = |method: &Method| match method {
                    Method::Median | Method::Max | Method::Sum | Method::WeightedSum => !is_classification,
                    Method::Vote | Method::WeightedVote => is_classification,
                    _ => true,
                };
                let method = known.filter(is_right).ok_or_else(|| {
                    let function = if is_classification { "classification" } else { "regression" };
                    Error::bad_whole(format!(
                        "the multipleModelMethod {} of the PMML cannot be used for a {function}",
                        shown(name)
                    ))
                })?;
                Combine::All(method)
            }
        };
        if segmentation.child("LocalTransformations").is_some() {
            return Err(Error::bad_whole(
                "the PMML has LocalTransformations in a Segmentation, which are not computed",
            ));
        }
        if segmentation.number("missingThreshold")?.is_some_and(|threshold| threshold != 1.0) {
            return Err(Error::bad_whole("a missingThreshold of the PMML cannot be used"));
        }
        let skips_missing = match segmentation.attribute("missingPredictionTreatment").unwrap_or("continue") {
            "continue" | "returnMissing" => false,
            "skipSegment" => true,
            _ => return Err(Error::bad_whole("the PMML has an unknown missingPredictionTreatment")),
        };
        let segments: Vec<&'a Element> = segmentation.children_called("Segment").collect();
        let mut parts = Vec::new();
        for segment in segments {
            segment.only(&["id", "weight"], &[super::predicates::NAMES, super::MODELS].concat())?;
            let mut models = segment.children.iter().filter(|child| super::MODELS.contains(&&*child.name));
            let (Some(model), None) = (models.next(), models.next()) else {
                return Err(Error::bad_whole("a Segment of the PMML needs exactly one model"));
            };
            let weight = segment.number("weight")?.unwrap_or(1.0);
            parts.push((super::predicates::of(segment)?, model, weight));
        }
        let is_plain_tree = |&(predicate, model, _): &(&Element, &Element, f64)| {
            let has_more = ["LocalTransformations", "Targets", "Output"]
                .iter()
                .any(|name| model.child(name).is_some_and(|child| child.parts().next().is_some()));
            &*predicate.name == "True" && &*model.name == "TreeModel" && !has_more
        };
        match combine {
            Combine::All(method) if !skips_missing && !parts.is_empty() && parts.iter().all(is_plain_tree) => {
                let classes = self.target_values(element).into_iter().map(Into::into).collect();
                let mut planted = Planted::new(method, is_classification, classes)?;
                for (_, model, weight) in parts {
                    self.check_schema(model)?;
                    self.plant(model, weight, &mut planted)?;
                }
                self.trees(planted)
            }
            combine => self.segments(element, parts, combine, skips_missing, depth),
        }
    }

    fn segments(
        &mut self,
        element: &'a Element,
        parts: Vec<(&'a Element, &'a Element, f64)>,
        combine: Combine,
        skips_missing: bool,
        depth: usize,
    ) -> Result<Compiled> {
        let is_chain = combine == Combine::Chain;
        let is_vote = matches!(combine, Combine::All(method) if method.is_vote());
        let is_outer_vote = std::mem::replace(&mut self.is_voting, is_vote);
        let count = parts.len();
        let mut compiled = Vec::new();
        for (i, (predicate, model, weight)) in parts.into_iter().enumerate() {
            let predicate = self.segment_predicate(predicate)?;
            if is_chain && i + 1 == count && predicate.is_some() {
                return Err(Error::bad_whole("the last model of a modelChain of the PMML is under a condition"));
            }
            let mut part = self.model(model, depth + 1)?;
            if is_chain {
                self.outputs(model, &mut part)?;
            }
            compiled.push((predicate, part, weight));
        }
        self.is_voting = is_outer_vote;
        let Some((_, last, _)) = compiled.last() else {
            return Err(Error::bad_whole("a Segmentation of the PMML has no segments"));
        };
        let mut classes: Vec<Box<str>> = Vec::new();
        if is_chain {
            classes.clone_from(&last.classes);
        } else {
            let mut found: Vec<&Box<str>> = compiled.iter().flat_map(|(_, part, _)| &part.classes).collect();
            // In the order of the target; others in the order in which models name them.
            let places = self.places(element);
            found.sort_by_key(|label| places.get(&***label).copied().unwrap_or(usize::MAX));
            let mut known = std::collections::HashSet::new();
            classes.extend(found.into_iter().filter(|label| known.insert((*label).clone())).cloned());
        }
        let is_classification = Self::is_classification(element)?;
        let combined = compiled.iter().skip(if is_chain { count - 1 } else { 0 });
        if combined.into_iter().any(|(_, part, _)| part.classes.is_empty() == is_classification) {
            return Err(Error::bad_whole("a MiningModel of the PMML and its models differ in their functionName"));
        }
        if classes.len() > MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of classes of the PMML", limit: MAX_CLASSES as u64 });
        }
        let place: std::collections::HashMap<&str, u32> =
            classes.iter().enumerate().map(|(i, label)| (&**label, i as u32)).collect();
        let segments = compiled
            .into_iter()
            .map(|(predicate, part, weight)| Segment {
                predicate,
                model: part.model,
                weight,
                classes: part.classes.iter().filter_map(|label| place.get(&**label).copied()).collect(),
            })
            .collect();
        let result = self.slots_for(1 + classes.len(), super::Origin::Many)?;
        let body = Body::Mining(Mining { segments, combine, skips_missing });
        let count = classes.len() as u32;
        let model = Model { derived: Vec::new(), body, target: None, result, classes: count, outputs: Vec::new() };
        Ok(Compiled { model, classes })
    }

    /// The predicate of a segment as 1 and 0; `None` if it is always true.
    fn segment_predicate(&mut self, element: &'a Element) -> Result<Option<Graph>> {
        if &*element.name == "True" {
            return Ok(None);
        }
        let mut to = Decisions::default();
        let (no, yes) = (to.leaf(0.0)?, to.leaf(1.0)?);
        let root = self.predicate(element, &mut to, [yes, no, no])?;
        self.count_all(to.len())?;
        Ok(Some(to.finish(root)))
    }
}
