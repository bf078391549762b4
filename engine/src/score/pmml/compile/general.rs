//! `GeneralRegressionModel`: generalised linear models with factors, covariates and interactions.

use std::collections::{HashMap, HashSet};

use super::super::element::{Element, shown};
use super::super::heads;
use super::super::program::{Factor, Form, Inverse, Normal, Table, Term};
use super::{Compiled, Compiler};
use crate::{Error, Result};

impl<'a> Compiler<'a> {
    #[expect(clippy::too_many_lines, reason = "the parts of an element, in its order")]
    pub(super) fn general(&mut self, element: &'a Element) -> Result<Compiled> {
        heads::only(
            element,
            &[
                "modelName",
                "functionName",
                "algorithmName",
                "modelType",
                "targetVariableName",
                "targetReferenceCategory",
                "cumulativeLink",
                "linkFunction",
                "linkParameter",
                "distribution",
                "distParameter",
                "offsetValue",
                "offsetVariable",
                "trialsValue",
                "modelDF",
                "isScorable",
            ],
            &["ParameterList", "FactorList", "CovariateList", "PPMatrix", "PCovMatrix", "ParamMatrix"],
        )?;
        if element.attribute("trialsValue").is_some() {
            return Err(Error::bad_whole("a GeneralRegressionModel of the PMML with trials cannot be used"));
        }
        let model_type = element.needed("modelType")?;
        let is_classification = Self::is_classification(element)?;
        let parameters = self.parameters(element)?;
        let cells = element.needed_child("ParamMatrix")?.children_called("PCell");
        let mut of_category: HashMap<Option<&str>, Vec<(&'a str, f64)>> = HashMap::new();
        for cell in cells {
            cell.only(&["targetCategory", "parameterName", "beta", "df"], &[])?;
            let of = of_category.entry(cell.attribute("targetCategory")).or_default();
            of.push((cell.needed("parameterName")?, cell.needed_number("beta")?));
        }
        if !is_classification {
            let inverse = match model_type {
                "regression" | "generalLinear" => Inverse::plain(Form::Identity),
                "generalizedLinear" => link(element)?,
                other => return Err(not_used(other)),
            };
            let (1, Some(betas)) = (of_category.len(), of_category.values().next()) else {
                return Err(Error::bad_whole(
                    "a GeneralRegressionModel of the PMML has no parameters, or several targets",
                ));
            };
            let table = self.general_table(element, betas, &parameters)?;
            return self.linear(vec![table], Normal::Value(inverse), Vec::new());
        }
        // The reference comes last: it is the target without parameters, if the file does not name it.
        let mut categories: Vec<Box<str>> = self.target_values(element).into_iter().map(Into::into).collect();
        let reference = element.attribute("targetReferenceCategory").map(Box::from).or_else(|| {
            categories.iter().rev().find(|category| !of_category.contains_key(&Some(&***category))).cloned()
        });
        let reference = reference
            .ok_or_else(|| Error::bad_whole("a GeneralRegressionModel of the PMML has no targetReferenceCategory"))?;
        categories.retain(|category| *category != reference);
        if categories.is_empty() {
            return Err(Error::bad_whole("a GeneralRegressionModel of the PMML has no categories of its target"));
        }
        let mut tables = Vec::new();
        for category in &categories {
            let betas = of_category.get(&Some(&**category));
            let betas = betas.or_else(|| of_category.get(&None).filter(|_| categories.len() == 1));
            let betas = betas.ok_or_else(|| {
                Error::bad_whole(format!("the PMML has no parameters for the category {}", shown(category)))
            })?;
            tables.push(self.general_table(element, betas, &parameters)?);
        }
        categories.push(reference);
        let normal = match (model_type, tables.len()) {
            ("generalizedLinear", 1) => Normal::Binary(link(element)?),
            ("multinomialLogistic", _) => {
                tables.push(Table { intercept: 0.0, terms: Vec::new() });
                Normal::Softmax
            }
            (other, _) => return Err(not_used(other)),
        };
        self.linear(tables, normal, categories)
    }

    /// The factors of each parameter.
    fn parameters(&mut self, element: &'a Element) -> Result<HashMap<&'a str, Vec<Factor>>> {
        let names = |list: &str| -> Result<HashSet<&'a str>> {
            let predictors = element.child(list).into_iter().flat_map(|list| list.children_called("Predictor"));
            let mut names = HashSet::new();
            for predictor in predictors {
                predictor.only(&["name", "contrastMatrixType"], &["Categories"])?;
                names.insert(predictor.needed("name")?);
            }
            Ok(names)
        };
        let (factors, covariates) = (names("FactorList")?, names("CovariateList")?);
        let mut parameters: HashMap<&'a str, Vec<Factor>> = HashMap::new();
        for parameter in element.needed_child("ParameterList")?.children_called("Parameter") {
            parameters.insert(parameter.needed("name")?, Vec::new());
        }
        for cell in element.child("PPMatrix").into_iter().flat_map(|matrix| matrix.children_called("PPCell")) {
            self.count()?;
            cell.only(&["value", "predictorName", "parameterName"], &[]).map_err(|_| {
                Error::bad_whole("a PPCell of the PMML is for one category of the target, which is not done here")
            })?;
            let name = cell.needed("predictorName")?;
            let factor = if factors.contains(name) {
                let field = self.field(name)?;
                Factor::Level(field.slot, self.words.constant(cell.needed("value")?, field.kind)?)
            } else if covariates.contains(name) {
                let slot = self.number_field(name)?;
                match cell.needed_number("value")? {
                    1.0 => Factor::Number(slot),
                    exponent => Factor::Power(slot, exponent),
                }
            } else {
                return Err(Error::bad_whole(format!(
                    "the predictor {} of the PMML is no factor and no covariate",
                    shown(name)
                )));
            };
            let of = parameters.get_mut(cell.needed("parameterName")?);
            of.ok_or_else(|| Error::bad_whole("a PPCell of the PMML names no parameter"))?.push(factor);
        }
        Ok(parameters)
    }

    fn general_table(
        &mut self,
        element: &'a Element,
        betas: &[(&'a str, f64)],
        parameters: &HashMap<&'a str, Vec<Factor>>,
    ) -> Result<Table> {
        let mut table = Table { intercept: element.number("offsetValue")?.unwrap_or(0.0), terms: Vec::new() };
        for (parameter, beta) in betas {
            let factors = parameters.get(parameter);
            let factors = factors.ok_or_else(|| Error::bad_whole("a PCell of the PMML names no parameter"))?;
            if factors.is_empty() {
                table.intercept += beta;
                continue;
            }
            let feature = self.feature_of(factors.iter().map(Factor::slot));
            table.terms.push(Term { coefficient: *beta, factors: factors.clone(), feature });
        }
        if let Some(offset) = element.attribute("offsetVariable") {
            let slot = self.number_field(offset)?;
            let feature = self.feature_of([slot]);
            table.terms.push(Term { coefficient: 1.0, factors: vec![Factor::Number(slot)], feature });
        }
        Ok(table)
    }
}

/// The inverse of the link function.
fn link(element: &Element) -> Result<Inverse> {
    let parameter = element.number("linkParameter")?;
    let form = match element.attribute("linkFunction").unwrap_or("identity") {
        "identity" => Form::Identity,
        "log" => Form::Exp,
        "logit" => Form::Logit,
        "cloglog" => Form::Cloglog,
        "loglog" => Form::Loglog,
        "probit" => Form::Probit,
        "logc" => Form::Logc,
        "power" => Form::Power,
        "oddspower" => Form::OddsPower,
        "negbin" => Form::NegativeBinomial,
        other => {
            return Err(Error::bad_whole(format!("the linkFunction {} of the PMML cannot be used", shown(other))));
        }
    };
    let parameter = match form {
        Form::Power | Form::OddsPower => {
            parameter.ok_or_else(|| Error::bad_whole("a GeneralRegressionModel of the PMML lacks its linkParameter"))?
        }
        Form::NegativeBinomial => element
            .number("distParameter")?
            .ok_or_else(|| Error::bad_whole("a GeneralRegressionModel of the PMML lacks its distParameter"))?,
        _ => 0.0,
    };
    Ok(Inverse { form, parameter })
}

fn not_used(model_type: &str) -> Error {
    Error::bad_whole(format!(
        "a GeneralRegressionModel of the PMML with the modelType {} cannot be used for this function",
        shown(model_type)
    ))
}
