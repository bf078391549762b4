//! A small table with every coefficient computed by hand: two regions, two sectors.
//!
//! Within each region the coefficients are those of the design's example, `[[.2, .3], [.4, .1]]`, whose inverse is
//! `[[3/2, 1/2], [2/3, 4/3]]`. In addition, USA C10 has an input from CHN C10 of a tenth of its output. Every output
//! is 100.

/// In the layout of an OECD ICIO table; the code of the second sector contains an underscore.
pub(crate) const TABLE: &str = "\
V1,USA_C10,USA_C20_21,CHN_C10,CHN_C20_21,USA_HFCE,CHN_HFCE,OUT
USA_C10,20,30,0,0,50,0,100
USA_C20_21,40,10,0,0,50,0,100
CHN_C10,10,0,20,30,0,40,100
CHN_C20_21,0,0,40,10,0,50,100
VA,30,60,40,60,0,0,0
OUT,100,100,100,100,100,90,400
";

/// A risk for each region.
pub(crate) const RISK: &str = "region,value\nUSA,1\nCHN,2\n";

/// The same table with a stronger link from CHN C10 to USA C10: a fifth instead of a tenth.
pub(crate) fn changed_table() -> String {
    TABLE.replace("CHN_C10,10,0,20,30,0,40,100", "CHN_C10,20,0,20,30,0,30,100").replace("VA,30", "VA,20")
}

/// Technical coefficients: from, to, value.
pub(crate) const COEFFICIENTS: [(&str, &str, f64); 6] = [
    ("USA C10", "USA C10", 0.2),
    ("USA C10", "USA C20_21", 0.3),
    ("USA C20_21", "USA C10", 0.4),
    ("CHN C10", "USA C10", 0.1),
    ("CHN C20_21", "CHN C20_21", 0.1),
    ("CHN C20_21", "USA C10", 0.0),
];

/// Totals of the risk: region, sector, `r' L e_j`.
pub(crate) const TOTALS: [(&str, &str, f64); 4] = [
    ("CHN", "C10", 13.0 / 3.0),
    ("CHN", "C20_21", 11.0 / 3.0),
    ("USA", "C10", 169.0 / 60.0),
    ("USA", "C20_21", 41.0 / 20.0),
];

/// The total for USA C10 without any risk: `1' L e_j`.
pub(crate) const ACTIVITY_USA_C10: f64 = 299.0 / 120.0;

/// A table of `nodes` nodes (a multiple of ten), each with a small input from every node: large enough to observe work
/// on it.
pub(crate) fn wide_table(nodes: usize) -> String {
    let labels: Vec<String> = (0..nodes).map(|node| format!("R{:02}_S{}", node % 10, node / 10)).collect();
    let mut text = format!("V1,{},R00_HFCE,OUT\n", labels.join(","));
    for (row, label) in labels.iter().enumerate() {
        text.push_str(label);
        let mut sold = 0;
        for column in 0..nodes {
            let flow = 1 + (row * 7 + column * 13) % 5;
            sold += flow;
            text.push_str(&format!(",{flow}"));
        }
        // An output is ten times the number of nodes: a column of coefficients sums to about a third.
        text.push_str(&format!(",{},{}\n", 10 * nodes - sold, 10 * nodes));
    }
    text.push_str(&format!("OUT{}\n", format!(",{}", 10 * nodes).repeat(nodes + 2)));
    text
}

/// Sizes of wide tables, tried in order until one is large enough to observe work on it. The size depends on the
/// machine; what a test asserts does not.
pub(crate) const WIDE: [usize; 4] = [400, 1000, 2000, 3000];
