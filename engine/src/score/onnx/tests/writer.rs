//! Writes ONNX files.

/// A value of an attribute.
pub(super) enum Of<'a> {
    Int(i64),
    Float(f32),
    Text(&'a str),
    Floats(&'a [f32]),
    Ints(&'a [i64]),
    Texts(&'a [&'a str]),
    Tensor(Vec<u8>),
}

fn varint(mut x: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while x >= 0x80 {
        out.push(x as u8 | 0x80);
        x >>= 7;
    }
    out.push(x as u8);
    out
}

pub(super) fn number(tag: u64, x: u64) -> Vec<u8> {
    [varint(tag << 3), varint(x)].concat()
}

pub(super) fn bytes(tag: u64, content: &[u8]) -> Vec<u8> {
    [varint(tag << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

pub(super) fn attribute(name: &str, of: &Of<'_>) -> Vec<u8> {
    let packed = |list: &[i64]| list.iter().flat_map(|&x| varint(x as u64)).collect::<Vec<_>>();
    let content = match of {
        Of::Int(x) => number(3, *x as u64),
        Of::Float(x) => [varint(2 << 3 | 5), x.to_le_bytes().to_vec()].concat(),
        Of::Text(text) => bytes(4, text.as_bytes()),
        Of::Floats(list) => bytes(7, &list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()),
        Of::Ints(list) => bytes(8, &packed(list)),
        Of::Texts(list) => list.iter().flat_map(|text| bytes(9, text.as_bytes())).collect(),
        Of::Tensor(tensor) => bytes(5, tensor),
    };
    bytes(5, &[bytes(1, name.as_bytes()), content].concat())
}

/// A node; operators of `ai.onnx.ml` are those that ONNX itself does not have.
pub(super) fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, Of<'_>)]) -> Vec<u8> {
    const LEARNED: [&str; 13] = [
        "LinearRegressor",
        "LinearClassifier",
        "TreeEnsembleRegressor",
        "TreeEnsembleClassifier",
        "Scaler",
        "Normalizer",
        "Imputer",
        "Binarizer",
        "OneHotEncoder",
        "LabelEncoder",
        "FeatureVectorizer",
        "ArrayFeatureExtractor",
        "ZipMap",
    ];
    let domain = if LEARNED.contains(&operator) { "ai.onnx.ml" } else { "" };
    let content = [
        inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect::<Vec<_>>(),
        outputs.iter().flat_map(|name| bytes(2, name.as_bytes())).collect(),
        bytes(4, operator.as_bytes()),
        attributes.iter().flat_map(|(name, of)| attribute(name, of)).collect(),
        bytes(7, domain.as_bytes()),
    ];
    bytes(1, &content.concat())
}

/// The content of a tensor's message, with raw data.
pub(super) fn tensor(name: &str, code: u64, shape: &[u64], raw: &[u8]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|&size| number(1, size)).collect();
    [shape, number(2, code), bytes(8, name.as_bytes()), bytes(9, raw)].concat()
}

pub(super) fn floats(name: &str, shape: &[u64], list: &[f32]) -> Vec<u8> {
    tensor(name, 1, shape, &list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) fn doubles(name: &str, shape: &[u64], list: &[f64]) -> Vec<u8> {
    tensor(name, 11, shape, &list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) fn integers(name: &str, shape: &[u64], list: &[i64]) -> Vec<u8> {
    tensor(name, 7, shape, &list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

/// An input or an output; a dimension of 0 is not fixed.
pub(super) fn port(tag: u64, name: &str, code: u64, shape: &[u64]) -> Vec<u8> {
    let dimension = |&size: &u64| bytes(1, &if size == 0 { bytes(2, b"N") } else { number(1, size) });
    let shape: Vec<u8> = shape.iter().flat_map(dimension).collect();
    let of_type = bytes(1, &[number(1, code), bytes(2, &shape)].concat());
    bytes(tag, &[bytes(1, name.as_bytes()), bytes(2, &of_type)].concat())
}

pub(super) fn input(name: &str, code: u64, shape: &[u64]) -> Vec<u8> {
    port(11, name, code, shape)
}

pub(super) fn output(name: &str) -> Vec<u8> {
    port(12, name, 1, &[0, 1])
}

pub(super) fn initializer(tensor: &[u8]) -> Vec<u8> {
    bytes(5, tensor)
}

/// A file with a graph of these parts.
pub(super) fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    let learned = [bytes(1, b"ai.onnx.ml"), number(2, 3)].concat();
    [number(1, 8), bytes(2, b"test"), bytes(7, &parts.concat()), bytes(8, &number(2, 15)), bytes(8, &learned)].concat()
}

/// A file with one input of `f32` in this number of columns, and the output `y`.
pub(super) fn simple(columns: u64, nodes: &[Vec<u8>]) -> Vec<u8> {
    file(&[nodes.concat(), input("x", 1, &[0, columns]), output("y")])
}

/// The lists of one or more trees `x[0] <= 0` with two leaves.
pub(super) struct Stumps {
    pub(super) trees: i64,
    pub(super) mode: &'static str,
    pub(super) tracks: i64,
}

impl Stumps {
    /// A node of this operator. `weights` are those of the first leaf and of the second: class or target, and weight.
    pub(super) fn node(&self, operator: &str, weights: [&[(i64, f32)]; 2], more: &[(&str, Of<'_>)]) -> Vec<u8> {
        let each = |list: &[i64]| -> Vec<i64> { (0..self.trees).flat_map(|_| list.to_vec()).collect() };
        let ids: Vec<i64> = (0..self.trees).flat_map(|tree| [tree; 3]).collect();
        let modes: Vec<&str> = (0..self.trees).flat_map(|_| [self.mode, "LEAF", "LEAF"]).collect();
        let (is_class, what) = (operator.ends_with("Classifier"), operator);
        let name = |part: &str| format!("{}_{part}", if is_class { "class" } else { "target" });
        let mut of: [Vec<i64>; 3] = Default::default();
        let mut values = Vec::new();
        for tree in 0..self.trees {
            for (leaf, weights) in weights.iter().enumerate() {
                for &(id, weight) in *weights {
                    of[0].push(tree);
                    of[1].push(leaf as i64 + 1);
                    of[2].push(id);
                    values.push(weight);
                }
            }
        }
        let mut attributes = vec![
            attribute("nodes_treeids", &Of::Ints(&ids)),
            attribute("nodes_nodeids", &Of::Ints(&each(&[0, 1, 2]))),
            attribute("nodes_featureids", &Of::Ints(&each(&[0, 0, 0]))),
            attribute("nodes_modes", &Of::Texts(&modes)),
            attribute("nodes_values", &Of::Floats(&vec![0.0; ids.len()])),
            attribute("nodes_truenodeids", &Of::Ints(&each(&[1, 0, 0]))),
            attribute("nodes_falsenodeids", &Of::Ints(&each(&[2, 0, 0]))),
            attribute("nodes_missing_value_tracks_true", &Of::Ints(&each(&[self.tracks, 0, 0]))),
            attribute(&name("treeids"), &Of::Ints(&of[0])),
            attribute(&name("nodeids"), &Of::Ints(&of[1])),
            attribute(&name("ids"), &Of::Ints(&of[2])),
            attribute(&name("weights"), &Of::Floats(&values)),
        ];
        attributes.extend(more.iter().map(|(name, of)| attribute(name, of)));
        let outputs: &[&str] = if is_class { &["label", "y"] } else { &["y"] };
        let content = [
            bytes(1, b"x"),
            outputs.iter().flat_map(|name| bytes(2, name.as_bytes())).collect(),
            bytes(4, what.as_bytes()),
            attributes.concat(),
            bytes(7, b"ai.onnx.ml"),
        ];
        bytes(1, &content.concat())
    }
}
