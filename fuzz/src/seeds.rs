//! Writes seeds: `seeds DATA CORPUS` makes a folder for each target below CORPUS, from the reference data in DATA
//! (absent data are left out) and from the small models of this folder.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use assess_engine::Progress;
use assess_engine::origin::{self, OriginModel};
use assess_engine::score;
use assess_fuzz::{derive, frames, frames_of, queue};
use serde_json::Value;

#[path = "seeds/state.rs"]
mod state;
#[path = "seeds/tables.rs"]
mod tables;

/// Longer seeds slow the fuzzer down more than they help.
const LONGEST: usize = 100_000;
/// The number of trees that are kept of a forest, and of lines of a CSV file.
const TREES: usize = 2;
const LINES: usize = 60;

const SUBJECTS: [&[u8]; 6] = [
    b"{\"a\":1.5,\"b c\":2,\"\xc3\x9f\":3}",
    b"{\"a\":null,\"b\":-1e9,\"c\":4.0}",
    b"a=1\0b c=2.005\0\xc3\x9f=0.5",
    b"a=nan\0b=-0\0c=1e3\0NOCACHE",
    b"{\"a\":1,\"b\":2,\"c\":3}\0{\"a\":2}",
    b"a=\0b=NaN\0c=9007199254740993",
];

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [data, corpus] = arguments.as_slice() else { panic!("seeds DATA CORPUS") };
    let seeds = Seeds { data, corpus };
    seeds.scores()?;
    seeds.queues()?;
    seeds.state()?;
    seeds.tables()?;
    seeds.origins()
}

struct Seeds<'a> {
    data: &'a Path,
    corpus: &'a Path,
}

impl Seeds<'_> {
    fn scores(&self) -> io::Result<()> {
        let kinds = [
            ("glm", "models", "json"),
            ("scorecard", "models", "json"),
            ("xgboost", "models", "json"),
            ("lightgbm", "models", "txt"),
            ("catboost", "models", "json"),
            ("pmml", "models", "pmml"),
            ("onnx", "reported/score/o1-lr-onnx", "onnx"),
            ("onnx", "reported/score/o2-rf-onnx", "onnx"),
        ];
        for (kind, folder, extension) in kinds {
            for (name, bytes) in self.files(folder, extension) {
                let format = score::Format::from_name(kind.as_bytes());
                let options = score::LoadOptions { format, ..score::LoadOptions::default() };
                for bytes in [cut_forest(kind, &bytes).unwrap_or_default(), bytes] {
                    if let Ok(model) = score::load(&bytes, &options, &Progress::default()) {
                        self.write(kind, &name, &bytes)?;
                        self.write("score_frames", &name, &frames::join(&frames_of(&model)))?;
                    }
                }
            }
        }
        for (index, (format, bytes)) in score_models().enumerate() {
            let model =
                score::load(bytes, &score::LoadOptions { format: Some(format), ..score::LoadOptions::default() }, &Progress::default());
            let model = model.expect("the models in the folder are valid");
            let name = format!("small-{index}");
            self.write(format.name(), &name, bytes)?;
            self.write("score_frames", &name, &frames::join(&frames_of(&model)))?;
            for (i, subject) in SUBJECTS.iter().enumerate() {
                self.write("score_subject", &format!("{index}-{i}"), &[&[index as u8], *subject].concat())?;
                let json =
                    [b"[", subject.split(|&byte| byte == 0).next().unwrap_or_default(), b",[1,null,3.5]]"].concat();
                self.write(
                    "batch_rows",
                    &format!("{index}-{i}-json"),
                    &[&[index as u8, 0, 2], json.as_slice()].concat(),
                )?;
            }
            let values = [0.5, -0.0, f64::NAN, 1e9, 2.5, 3.0];
            let wide: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let narrow: Vec<u8> = values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
            self.write("batch_rows", &format!("{index}-f32"), &[&[index as u8, 1, 2], narrow.as_slice()].concat())?;
            self.write("batch_rows", &format!("{index}-f64"), &[&[index as u8, 2, 2], wide.as_slice()].concat())?;
        }
        Ok(())
    }

    fn queues(&self) -> io::Result<()> {
        let names = ["changes", "frames", "promoted"];
        names.iter().zip(queue::seeds()).try_for_each(|(name, bytes)| self.write("queue_changes", name, &bytes))
    }

    fn origins(&self) -> io::Result<()> {
        let mut model = OriginModel::empty();
        for (name, bytes) in self.files("hs", "csv") {
            let target = if name.starts_with("sections") { "sections" } else { "hs" };
            let lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate();
            // The root of the nomenclature is its last line.
            let kept = lines.filter(|(i, line)| *i < LINES || line.starts_with(b"TOTAL,TOTAL,"));
            let lines: Vec<u8> = kept.flat_map(|(_, line)| line).copied().collect();
            self.write(target, &name, &lines)?;
            model = add(model, target, &lines);
        }
        let national: [(&str, &[u8]); 3] = [
            (
                "national",
                b"HTS Number,Indent,Description\n8471,0,Machines\n8471.30.01.00,1,\"Portable, light\"\n,1,Title\n",
            ),
            ("filled", b"Goods code;Description\n8400000000 80;Machines\n8471300010 80;- Light\n8471300010 10;Title\n"),
            ("plain", b"0101 21 00\tHorses\n8471 30 00\tPortable\n"),
        ];
        national.iter().try_for_each(|(name, bytes)| self.write("hs", name, bytes))?;
        self.write(
            "synonyms",
            "made",
            b"{\"computer\":[\"automatic data processing machines\",\"#8471\"],\"car\":[\"motor cars\",\"vehicles\"]}",
        )?;
        model = add(model, "synonyms", b"{\"horse\":[\"equine\"]}");
        for (name, bytes) in self.files("roo", "json") {
            let document: Value = serde_json::from_slice(&bytes)?;
            match document.as_array() {
                Some(cases) => {
                    cases.iter().enumerate().try_for_each(|(i, case)| self.case(&format!("case-{i}"), case))?
                }
                None => self.agreement(&name, document)?,
            }
        }
        let made = assess_fuzz::origin::AGREEMENT;
        self.agreement("made", serde_json::from_slice(made)?)?;
        model = add(model, "roo", made);
        derive(&model);
        self.write("origin_frames", "made", &frames::join(&frames_of(&model)))
    }

    /// An agreement with few rules; its expressions; and overrides of two of its rules.
    fn agreement(&self, name: &str, mut document: Value) -> io::Result<()> {
        if let Some(rules) = document["rules"].as_array_mut() {
            for (i, rule) in rules.iter().enumerate() {
                for (j, alternative) in rule["alternatives"].as_array().into_iter().flatten().enumerate() {
                    if let Some(expression) = alternative.get("expr") {
                        self.write("roo_expr", &format!("{name}-{i}-{j}"), expression.to_string().as_bytes())?;
                    }
                }
            }
            rules.truncate(10);
        }
        if let Some(texts) = document["texts"].as_array_mut() {
            texts.iter_mut().for_each(|text| {
                *text = Value::from(text.as_str().unwrap_or_default().chars().take(40).collect::<String>())
            });
        }
        self.write("roo", name, document.to_string().as_bytes())?;
        let rules: Vec<Value> = document["rules"].as_array().into_iter().flatten().take(2).cloned().collect();
        let changed = serde_json::json!({
            "format": "roo/1", "agreement": document["agreement"], "texts": document["texts"],
            "rules": rules.iter().map(|rule| serde_json::json!({
                "id": rule["id"], "valid_to": "2027-01-01", "alternatives": rule["alternatives"],
            })).collect::<Vec<_>>(),
        });
        self.write("overrides", name, changed.to_string().as_bytes())
    }

    /// A worked case: its document and its query.
    fn case(&self, name: &str, case: &Value) -> io::Result<()> {
        self.agreement(name, case["document"].clone())?;
        let subject = &case["subject"];
        let word = |field: &str| subject[field].as_str().unwrap_or_default().to_owned();
        let words = [word("hs"), "AA".into(), "BB".into(), subject["facts"].to_string()].join("\0");
        self.write("origin_facts", name, words.as_bytes())
    }

    fn files(&self, folder: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
        let paths = fs::read_dir(self.data.join(folder)).into_iter().flatten().flatten().map(|entry| entry.path());
        let wanted = paths.filter(|path| path.extension().is_some_and(|it| it == extension));
        wanted
            .filter_map(|path| Some((path.file_name()?.to_string_lossy().into_owned(), fs::read(&path).ok()?)))
            .collect()
    }

    fn write(&self, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() || bytes.len() > LONGEST {
            return Ok(());
        }
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{name}-{}", bytes.len())), bytes)
    }
}

fn score_models() -> impl Iterator<Item = (score::Format, &'static [u8])> {
    assess_fuzz::score::MODELS.into_iter()
}

fn add(model: OriginModel, format: &str, bytes: &[u8]) -> OriginModel {
    let options = origin::LoadOptions { format: origin::Format::from_name(format.as_bytes()) };
    match origin::load(bytes, &options, &Progress::default()).and_then(|part| model.with(part)) {
        Ok(with) => with,
        Err(error) => {
            eprintln!("seeds: the {format} is left out of the frames: {error}");
            model
        }
    }
}

/// The first trees of a forest.
fn cut_forest(kind: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if kind == "lightgbm" {
        let text = std::str::from_utf8(bytes).ok()?;
        let (start, _) = text.match_indices("\nTree=").nth(TREES)?;
        let lines = text[..start].lines().filter(|line| !line.starts_with("tree_sizes="));
        return Some((lines.collect::<Vec<_>>().join("\n") + "\nend of trees\n").into_bytes());
    }
    if kind != "xgboost" {
        return None;
    }
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let model = document.get_mut("learner")?.get_mut("gradient_booster")?.get_mut("model")?;
    for name in ["trees", "tree_info"] {
        model.get_mut(name)?.as_array_mut()?.truncate(TREES);
    }
    model.get_mut("iteration_indptr")?.as_array_mut()?.truncate(TREES + 1);
    *model.get_mut("gbtree_model_param")?.get_mut("num_trees")? = Value::from(TREES.to_string());
    Some(document.to_string().into_bytes())
}
