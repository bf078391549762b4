//! The visitors for a JSON model: each stores the fields of one object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::MAX_TREES;
use super::names::Encoding;
use super::tree::Nodes;
use super::{File, ubjson};
use crate::Result;

/// Reads the whole document, JSON or UBJSON.
pub(super) fn read(bytes: &[u8], file: &mut File<'_>) -> Result<()> {
    if ubjson::begins(bytes) {
        let mut parser = ubjson::Parser::new(bytes);
        let result = Object(&mut Root(file)).deserialize(&mut parser);
        return result.and_then(|()| parser.end()).map_err(|fault| file.fault(&fault));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let result = Object(&mut Root(file)).deserialize(&mut parser);
    result.and_then(|()| parser.end()).map_err(|error| file.error(&error))
}

/// An object in the file.
trait Fields<'de> {
    /// Reads the value of a field; ignores fields that are not needed.
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;

    /// Called at the end of the object.
    fn end<E: serde::de::Error>(&mut self) -> Result<(), E> {
        Ok(())
    }
}

struct Object<'a, T>(&'a mut T);

impl<'de, T: Fields<'de>> DeserializeSeed<'de> for Object<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Fields<'de>> Visitor<'de> for Object<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.0.field(&key, &mut map)?;
        }
        self.0.end()
    }
}

fn ignore<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// The whole document.
struct Root<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Root<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "version" => self.0.version = map.next_value()?,
            "learner" => map.next_value_seed(Object(&mut Learner(self.0)))?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

struct Learner<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Learner<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "attributes" => map.next_value_seed(Object(&mut Attributes(self.0)))?,
            "feature_names" => self.0.features = map.next_value()?,
            "gradient_booster" => map.next_value_seed(Object(&mut Booster(self.0)))?,
            "learner_model_param" => map.next_value_seed(Object(&mut Params(self.0)))?,
            "objective" => map.next_value_seed(Object(&mut ObjectiveFields(self.0)))?,
            "feature_types" => ignore(map)?,
            _ => self.0.pass_over(key, map)?,
        }
        Ok(())
    }
}

/// Notes from the training: texts with any names.
struct Attributes<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Attributes<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "best_iteration" => self.0.best_iteration = Some(map.next_value()?),
            "scikit_learn" => {
                self.0.of_estimator = true;
                ignore(map)?;
            }
            _ => ignore(map)?,
        }
        Ok(())
    }
}

impl File<'_> {
    /// Ignores the value of an unknown field, and adds a warning.
    fn pass_over<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        self.note_unknown(key);
        ignore(map)
    }
}

struct Params<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Params<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "base_score" => self.0.base_score = map.next_value()?,
            "num_class" => self.0.classes = map.next_value()?,
            "num_feature" => self.0.width = map.next_value()?,
            "num_target" => self.0.targets = map.next_value()?,
            // Whether base_score was estimated from the labels. The estimate is in the file.
            "boost_from_average" => ignore(map)?,
            _ => self.0.pass_over(key, map)?,
        }
        Ok(())
    }
}

struct ObjectiveFields<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for ObjectiveFields<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => self.0.objective = map.next_value()?,
            "quantile_loss_param" => map.next_value_seed(Object(&mut QuantileFields(self.0)))?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

struct QuantileFields<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for QuantileFields<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "quantile_alpha" => self.0.quantiles = map.next_value()?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

struct Booster<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Booster<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => self.0.booster = map.next_value()?,
            "model" => map.next_value_seed(Object(&mut Model(self.0)))?,
            // In the booster dart, the trees are those of a booster of its own.
            "gbtree" => map.next_value_seed(Object(&mut Trees(self.0)))?,
            "weight_drop" => self.0.tree_weights = map.next_value()?,
            _ => self.0.pass_over(key, map)?,
        }
        Ok(())
    }
}

/// The booster of the trees of dart.
struct Trees<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Trees<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => ignore(map)?,
            "model" => map.next_value_seed(Object(&mut Model(self.0)))?,
            _ => self.0.pass_over(key, map)?,
        }
        Ok(())
    }
}

struct Model<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for Model<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "tree_info" => self.0.group_of = map.next_value()?,
            "trees" => map.next_value_seed(TreeList(self.0))?,
            "cats" => map.next_value_seed(Object(&mut NamesOfCategories(self.0)))?,
            "iteration_indptr" => {
                self.0.ends = map.next_value()?;
            }
            "gbtree_model_param" => map.next_value_seed(Object(&mut TreeParams(self.0)))?,
            "weights" => self.0.weights = map.next_value()?,
            "param" | "boosted_rounds" => ignore(map)?,
            _ => self.0.pass_over(key, map)?,
        }
        Ok(())
    }
}

struct TreeParams<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for TreeParams<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "num_parallel_tree" => self.0.parallel = map.next_value()?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

/// The names of categories.
struct NamesOfCategories<'f, 'a>(&'f mut File<'a>);

impl<'de> Fields<'de> for NamesOfCategories<'_, '_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if key != "enc" {
            return ignore(map);
        }
        let lists: Vec<Encoding> = map.next_value()?;
        match lists.into_iter().map(Encoding::categories).collect() {
            Ok(categories) => self.0.categories = categories,
            Err(reason) => {
                self.0.refused = Some(super::bad(reason));
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

struct TreeList<'f, 'a>(&'f mut File<'a>);

impl<'de> DeserializeSeed<'de> for TreeList<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TreeList<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trees")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if std::mem::replace(&mut self.0.has_trees, true) {
            self.0.refused = Some(super::bad("the model has two lists of trees"));
            return Err(A::Error::custom("refused"));
        }
        loop {
            let mut nodes = Nodes::default();
            if list.next_element_seed(Object(&mut nodes))?.is_none() {
                return Ok(());
            }
            if let Err(error) = self.0.plant(&nodes) {
                self.0.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
            debug_assert!(self.0.growing.trees() <= MAX_TREES);
        }
    }
}

impl<'de> Fields<'de> for Nodes {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "id" => self.id = Some(map.next_value()?),
            "left_children" => self.left = map.next_value()?,
            "right_children" => self.right = map.next_value()?,
            "split_indices" => self.features = map.next_value()?,
            "split_conditions" => self.conditions = map.next_value()?,
            "default_left" => {
                self.default_left = map.next_value::<Vec<Flag>>()?.into_iter().map(|flag| flag.0).collect()
            }
            "split_type" => self.kinds = map.next_value()?,
            "sum_hessian" => self.weights = map.next_value()?,
            "leaf_weights" => self.leaf_values = map.next_value()?,
            "categories" => self.categories.all = map.next_value()?,
            "categories_nodes" => self.categories.nodes = map.next_value()?,
            "categories_segments" => self.categories.starts = map.next_value()?,
            "categories_sizes" => self.categories.sizes = map.next_value()?,
            "tree_param" => map.next_value_seed(Object(&mut Size(self)))?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

struct Size<'a>(&'a mut Nodes);

impl<'de> Fields<'de> for Size<'_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "num_deleted" => self.0.deleted = map.next_value()?,
            "size_leaf_vector" => self.0.leaf_size = map.next_value()?,
            _ => ignore(map)?,
        }
        Ok(())
    }
}

/// A flag, which later versions write as a number.
struct Flag(u8);

impl<'de> serde::Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a flag")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(u8::from(flag)))
            }

            // XGBoost takes any other number for false, so a file with one is damaged.
            fn visit_u64<E: serde::de::Error>(self, flag: u64) -> Result<Flag, E> {
                if flag <= 1 { Ok(Flag(flag as u8)) } else { Err(E::custom("no flag")) }
            }

            fn visit_i64<E: serde::de::Error>(self, flag: i64) -> Result<Flag, E> {
                self.visit_u64(flag as u64)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
