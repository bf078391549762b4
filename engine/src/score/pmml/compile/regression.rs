//! `RegressionModel`: every normalisation, categorical predictors, exponents and interactions.

use super::super::element::{Element, shown};
use super::super::heads;
use super::super::program::{Body, Factor, Form, Inverse, Linear, Model, Normal, Table, Term};
use super::{Compiled, Compiler};
use crate::score::MAX_CLASSES;
use crate::{Error, Result};

impl<'a> Compiler<'a> {
    pub(super) fn regression(&mut self, element: &'a Element) -> Result<Compiled> {
        let (name, tables) = heads::regression(element)?;
        let is_classification = Self::is_classification(element)?;
        let normal = self.normal(element, name, &tables, is_classification)?;
        let classes: Vec<Box<str>> = match is_classification {
            true => tables.iter().map(|table| table.needed("targetCategory").map(Into::into)).collect::<Result<_>>()?,
            false => Vec::new(),
        };
        let used = if matches!(normal, Normal::Binary(_)) { 1 } else { tables.len() };
        let tables = tables[..used].iter().map(|table| self.table(table)).collect::<Result<_>>()?;
        self.linear(tables, normal, classes)
    }

    /// A linear model with these classes.
    pub(super) fn linear(&mut self, tables: Vec<Table>, normal: Normal, classes: Vec<Box<str>>) -> Result<Compiled> {
        if classes.len() > MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of classes of the PMML", limit: MAX_CLASSES as u64 });
        }
        let sums = self.slots_for(tables.len(), super::Origin::Many)?;
        let result = self.slots_for(1 + classes.len(), super::Origin::Many)?;
        let body = Body::Linear(Linear { tables, normal, sums });
        let count = classes.len() as u32;
        let model = Model { derived: Vec::new(), body, target: None, result, classes: count, outputs: Vec::new() };
        Ok(Compiled { model, classes })
    }

    fn normal(
        &self,
        element: &'a Element,
        name: &str,
        tables: &[&'a Element],
        is_classification: bool,
    ) -> Result<Normal> {
        let refused = |why: &str| {
            Err(Error::bad_whole(format!("a PMML regression with the normalizationMethod {} {why}", shown(name))))
        };
        let form = match name {
            "none" => Some(Form::Identity),
            "logit" => Some(Form::Logit),
            "exp" => Some(Form::Exp),
            "cloglog" => Some(Form::Cloglog),
            "loglog" => Some(Form::Loglog),
            "cauchit" => Some(Form::Cauchit),
            "probit" => Some(Form::Probit),
            "softmax" | "simplemax" => None,
            _ => return refused("cannot be used"),
        };
        if !is_classification {
            return match (form, tables.len()) {
                (_, 0 | 2..) => refused("needs exactly one RegressionTable"),
                (Some(form), _) => Ok(Normal::Value(Inverse::plain(form))),
                // For a regression the standard defines softmax as the logistic function.
                (None, _) if name == "softmax" => Ok(Normal::Value(Inverse::plain(Form::Logit))),
                (None, _) => refused("has no meaning for a number"),
            };
        }
        let is_ordinal = element
            .child("MiningSchema")
            .into_iter()
            .flat_map(|schema| schema.children_called("MiningField"))
            .filter(|field| matches!(field.attribute("usageType"), Some("target" | "predicted")))
            .any(|field| {
                let data = field.attribute("name").and_then(|name| self.data.get(name));
                let optype = field.attribute("optype").or(data.and_then(|data| data.attribute("optype")));
                optype == Some("ordinal")
            });
        match (form, tables) {
            (_, [] | [_]) => refused("needs a RegressionTable for each class"),
            (Some(Form::Exp), _) => refused("has no meaning for classes"),
            (Some(Form::Identity), _) if is_ordinal => refused("cannot be used for ordered classes"),
            (Some(form), _) if is_ordinal => Ok(Normal::Ordinal(Inverse::plain(form))),
            (None, _) if is_ordinal => refused("cannot be used for ordered classes"),
            (Some(Form::Identity), _) => Ok(Normal::Rest(Inverse::plain(Form::Identity))),
            (Some(form), [_, second]) => {
                if !heads::is_rest(second)? {
                    return refused("needs a second RegressionTable that is empty, with the intercept 0");
                }
                Ok(Normal::Binary(Inverse::plain(form)))
            }
            (Some(_), _) => refused("can be used with two classes only"),
            (None, _) if name == "softmax" => Ok(Normal::Softmax),
            (None, _) => Ok(Normal::Simplemax),
        }
    }

    fn table(&mut self, element: &'a Element) -> Result<Table> {
        let intercept = heads::intercept(element)?;
        let mut terms = Vec::new();
        for predictor in element.parts() {
            self.count()?;
            let coefficient = predictor.needed_number("coefficient")?;
            let factors = match &*predictor.name {
                "NumericPredictor" => {
                    let (name, exponent, _) = heads::numeric(predictor)?;
                    let slot = self.number_field(name)?;
                    vec![if exponent == 1.0 { Factor::Number(slot) } else { Factor::Power(slot, exponent) }]
                }
                "CategoricalPredictor" => {
                    predictor.only(&["name", "value", "coefficient"], &[])?;
                    let field = self.field(predictor.needed("name")?)?;
                    vec![Factor::Equals(field.slot, self.words.constant(predictor.needed("value")?, field.kind)?)]
                }
                _ => {
                    predictor.only(&["name", "coefficient"], &["FieldRef"])?;
                    let mut factors = Vec::new();
                    for reference in predictor.children_called("FieldRef") {
                        reference.only(&["field"], &[])?;
                        factors.push(Factor::Number(self.number_field(reference.needed("field")?)?));
                    }
                    factors
                }
            };
            if factors.is_empty() {
                return Err(Error::bad_whole("a PredictorTerm of the PMML has no fields"));
            }
            let feature = self.feature_of(factors.iter().map(Factor::slot));
            terms.push(Term { coefficient, factors, feature });
        }
        Ok(Table { intercept, terms })
    }

    /// The slot of a field that is a number or a truth value.
    pub(super) fn number_field(&mut self, name: &'a str) -> Result<u32> {
        let field = self.field(name)?;
        if field.kind == super::Kind::Text {
            return Err(Error::bad_whole(format!(
                "the field {} of the PMML is a text where a number is needed",
                shown(name)
            )));
        }
        Ok(field.slot)
    }
}
