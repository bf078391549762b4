//! Files, folders and archives; the content of an account besides its table.

use assess_engine::io::table::OutputSource;
use assess_engine::io::{Format, LoadOptions, OutputRule};

use crate::reading::{bytes, bytes_with, coefficient, folder, gzip, nodes, path_with, rowsum, zip};

const ICIO: &str = "V1,A_x,B_x,A_HFCE,OUT\nA_x,1,2,7,10\nB_x,3,4,13,20\nVA,6,14,0,0\nOUT,10,20,0,0\n";

#[test]
fn a_table_is_the_same_however_it_is_packed() {
    let plain = bytes(ICIO.as_bytes()).unwrap();
    let crlf = format!("\u{feff}{}", ICIO.replace('\n', "\r\n"));
    let quoted = ICIO.replace("A_x", "\"A_x\"").replace("V1", "\"\"");
    let unended = ICIO.trim_end();
    let sparse = ICIO.replace(",0", ",");
    for text in [&crlf, &quoted, unended, &sparse] {
        assert_eq!(bytes(text.as_bytes()).unwrap(), plain, "{text}");
    }

    let zipped =
        zip(&[("__MACOSX/._t.csv", b"\0"), ("notes.txt", b"about this_table, by us\n"), ("t", ICIO.as_bytes())]);
    let gzipped = gzip(ICIO.as_bytes());
    let zstd = ruzstd::encoding::compress_to_vec(ICIO.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let twice = zip(&[("t.csv.gz", &gzipped)]);
    for packed in [&zipped, &gzipped, &zstd, &twice] {
        assert_eq!(bytes(packed).unwrap(), plain);
    }
    for (name, packed) in [("any.name", &zipped), ("table.csv", &gzipped), ("t.zip", &twice)] {
        let folder = folder(&[(name, packed)]);
        let options = LoadOptions::default();
        assert_eq!(path_with(folder.path(), &options).unwrap().table, plain, "the only file of a folder");
        assert_eq!(path_with(&folder.path().join(name), &options).unwrap().table, plain, "a file");
    }
    let among_others = folder(&[("t.csv", ICIO.as_bytes()), ("README.md", b"# What\n"), (".hidden", ICIO.as_bytes())]);
    assert_eq!(path_with(among_others.path(), &LoadOptions::default()).unwrap().table, plain);
}

#[test]
fn the_row_of_outputs_has_precedence_over_the_column_and_both_over_sums() {
    let source = |text: &str, options: &LoadOptions| {
        let table = bytes_with(text.as_bytes(), options).unwrap().table;
        (table.output.unwrap(), table.output_source)
    };
    let reported = OutputSource::Rule(OutputRule::Reported);
    let sums = OutputSource::Rule(OutputRule::RowSum);
    let both = "V1,A_x,B_x,F,TOTAL\nA_x,1,2,7,11\nB_x,3,4,13,21\nOUTPUT,12,22,,\n";
    let column = "V1,A_x,TOTAL,B_x,F\nA_x,1,11,2,7\nB_x,3,21,4,13\n";
    let last = "V1,A_x,B_x,F,OUT\nA_x,1,2,7,11\nB_x,3,4,13,21\n";
    let neither = "V1,A_x,B_x,F\nA_x,1,2,7\nB_x,3,4,13\n";
    let default = LoadOptions::default();
    assert_eq!(source(both, &default), (vec![12.0, 22.0], reported));
    assert_eq!(source(column, &default), (vec![11.0, 21.0], reported));
    assert_eq!(source(last, &default), (vec![11.0, 21.0], reported));
    assert_eq!(source(neither, &default), (vec![10.0, 20.0], sums));
    for text in [both, column, last, neither] {
        assert_eq!(source(text, &rowsum()), (vec![10.0, 20.0], sums));
    }
}

#[test]
fn parts_of_a_country_are_merged_before_dividing() {
    let text = "V1,CHN_x,USA_x,CN1_x,CN2_x,F,OUT\n\
        CN2_x,1,2,3,4,5,15\nCHN_x,0,0,0,0,0,0\nUSA_x,6,7,8,9,20,50\nCN1_x,10,20,30,40,50,150\nOUT,5,50,15,80,,\n";
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!(nodes(&table), ["CHN|x", "USA|x"]);
    assert_eq!(table.output, Some(vec![100.0, 50.0]));
    assert_eq!(coefficient(&table, "CHN|x", "CHN|x"), (1.0 + 3.0 + 4.0 + 10.0 + 30.0 + 40.0) / 100.0);
    assert_eq!(coefficient(&table, "USA|x", "CHN|x"), (6.0 + 8.0 + 9.0) / 100.0);
    assert_eq!(coefficient(&table, "CHN|x", "USA|x"), 22.0 / 50.0);
}

#[test]
fn an_output_column_that_contradicts_the_output_row_gives_a_warning() {
    let text = "V1,A_x,B_y,F_H,OUT\nA_x,2,3,5,-5\nB_y,4,1,5,10\nOUT,10,10,0,0\n";
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!(table.output, Some(vec![10.0, 10.0]));
    let expected = [
        "1 node has an output column that is not its output row: the row was used",
        "regions of final demand that have no node: F",
    ];
    assert_eq!(table.warnings, expected);
}

#[test]
fn irregular_cells_are_counted_in_warnings() {
    let text = "V1,A_x,B_x,C_x,F\nA_x,-1,2,0,9\nB_x,30,-4,0,13\nC_x,0,0,0,0\nOUT,10,0,0,0\n";
    let table = bytes(text.as_bytes()).unwrap();
    let expected = [
        "2 negative cells were read",
        "1 node has inputs but no output: its column was set to 0",
        "1 column of coefficients sums to 1 or more",
        "the sums of rows and final demand are not the reported output: they differ by 0.00 % in the median, most at B x, \
         39 to 0",
        "columns of final demand whose labels name no region were left out: F",
    ];
    assert_eq!(table.warnings, expected);
    assert_eq!(coefficient(&table, "A|x", "B|x"), 0.0);
}

#[test]
fn a_matrix_without_output_and_final_demand_holds_coefficients_or_is_refused() {
    let table = bytes(b"V1,A_x,B_x\nA_x,.1,.2\nB_x,.2,.1\n").unwrap();
    assert_eq!((table.output.clone(), table.output_source), (None, OutputSource::None));
    assert_eq!(coefficient(&table, "A|x", "B|x"), 0.2);
    assert_eq!(
        table.warnings,
        ["there is neither output nor final demand: the cells were read as technical coefficients"]
    );
    // Flows would be all that a node delivers: a closed economy, whose series does not converge.
    let error = bytes(b"V1,A_x,B_x\nA_x,1,2\nB_x,2,1\n").unwrap_err().to_string();
    assert!(error.contains("neither output nor final demand, and the column of A x sums to 3.0000"), "{error}");
}

#[test]
fn sectors_may_contain_underscores_and_totals_are_never_nodes() {
    let text = "V1,A_B01_02,OUT,TLS,OUT_x\nA_B01_02,1,10,0,4\nTLS,0,0,0,0\nOUT,10,0,0,0\n";
    assert_eq!(nodes(&bytes(text.as_bytes()).unwrap()), ["A|B01_02"]);
}

#[test]
fn triples_with_final_demand_are_flows() {
    let text = "from_region,from_sector,to_region,to_sector,value\n\
        A,x,B,x,2\nB,x,A,x,3\nA,x,A,,7\nA,x,B,,1\nB,x,A,,2\n\"C, too\",\"say \"\"x\"\"\",A,,5\n";
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!(nodes(&table), ["A|x", "B|x", "C, too|say \"x\""]);
    assert_eq!(table.output, Some(vec![10.0, 5.0, 5.0]));
    assert_eq!((table.format, table.output_source), (Format::Triples, OutputSource::Rule(OutputRule::RowSum)));
    assert_eq!(coefficient(&table, "A|x", "B|x"), 2.0 / 5.0);
    assert_eq!(coefficient(&table, "B|x", "A|x"), 3.0 / 10.0);
    assert_eq!(coefficient(&table, "A|x", "A|x"), 0.0);
}

#[test]
fn triples_of_coefficients_have_no_output() {
    let text = "FROM_REGION,from_sector,to_region,to_sector,coefficient\nA,x,B,x,.25\n";
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!((table.output.clone(), table.output_source), (None, OutputSource::None));
    assert_eq!(coefficient(&table, "A|x", "B|x"), 0.25);
}

const HEADER: &str = "region\t\tR\tS\nsector\t\tx; y\tx, (z)\n";
const A: &str = "region\t\tR\tS\nsector\t\tx; y\tx, (z)\nregion\tsector\t\t\nS\tx, (z)\t.4\t.1\nR\tx; y\t.2\t.3\n";
const Z: &str = "region\t\tR\tS\nsector\t\tx; y\tx, (z)\nregion\tsector\t\t\nR\tx; y\t2\t6\nS\tx, (z)\t4\t2\n";
const X: &str = "region\tsector\tindout\nS\tx, (z)\t20\nR\tx; y\t10\n";
const Y: &str = "region\t\tR\tS\ncategory\t\tHH\tHH\nregion\tsector\t\t\nR\tx; y\t1\t1\nS\tx, (z)\t7\t7\n";
const F: &str =
    "region\tS\tR\nsector\tx, (z)\tx; y\nstressor\t\t\nCO2\t40\t10\nlosses\t-1\t2\nland\t\t2\nwater\t5\t0\n";
const UNITS: &str = "stressor\tunit\nCO2\tkg\nwater\tm3\n";

#[test]
fn an_account_is_read_with_any_subset_of_its_files() {
    let read = |files: &[(&str, &str)], options: &LoadOptions| {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
        let zipped = bytes_with(&zip(&files), options).unwrap();
        assert_eq!(path_with(folder(&files).path(), options).unwrap(), zipped);
        zipped
    };
    let default = LoadOptions::default();
    let satellite = [("IOT/satellite/F.txt", F), ("IOT/satellite/unit.txt", UNITS)];

    let coefficients = read(&[("IOT/A.txt", A), ("IOT/x.txt", X), satellite[0], satellite[1]], &default);
    let table = &coefficients.table;
    assert_eq!(nodes(table), ["R|x; y", "S|x, (z)"]);
    assert_eq!(table.output, Some(vec![10.0, 20.0]));
    assert_eq!(coefficient(table, "S|x, (z)", "R|x; y"), 0.4);
    assert_eq!(table.warnings, ["stressors of satellite that were left out for missing values: land"]);
    let found: Vec<_> = coefficients.indicators.iter().map(|i| (&*i.name, &*i.unit, i.values.as_slice())).collect();
    let expected = [("CO2", "kg", [1.0, 2.0].as_slice()), ("losses", "", &[0.2, -0.05]), ("water", "m3", &[0.0, 0.25])];
    assert_eq!(found, expected);

    let flows = read(&[("Z.txt", Z), ("x.txt", X)], &default).table;
    assert_eq!(flows.coefficients, table.coefficients);
    assert_eq!(flows.output_source, OutputSource::Rule(OutputRule::Reported));

    let summed = read(&[("Z.txt", Z), ("x.txt", X), ("Y.txt", Y)], &rowsum()).table;
    assert_eq!((summed.output, summed.output_source), (Some(vec![10.0, 20.0]), OutputSource::Rule(OutputRule::RowSum)));

    let solved = read(&[("A.txt", A), ("Y.txt", Y)], &default).table;
    let x = solved.output.unwrap();
    assert!((x[0] - 10.0).abs() < 1e-13 && (x[1] - 20.0).abs() < 1e-13, "{x:?}");

    let unknown = read(&[("IOT/A.txt", A), satellite[0]], &default);
    assert_eq!((unknown.table.output_source, unknown.indicators), (OutputSource::None, vec![]));
    assert_eq!(unknown.table.warnings, ["the account satellite was left out: totals (F) need output (x or Y)"]);

    let s = [("A.txt", A), ("satellite/S.txt", F), ("satellite/F.txt", "")];
    assert_eq!(read(&s, &default).indicators[0].values, [10.0, 40.0]);
}

#[test]
fn stressors_of_a_node_without_output_are_zero() {
    let x = X.replace("20", "0");
    let z = format!("{HEADER}region\tsector\t\t\nR\tx; y\t2\t0\nS\tx, (z)\t4\t0\n");
    let files = [("Z.txt", z.as_bytes()), ("x.txt", x.as_bytes()), ("satellite/F.txt", F.as_bytes())];
    let loaded = bytes_with(&zip(&files), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.indicators[0].values, [1.0, 0.0]);
    let expected = [
        "the reported output of 1 of 2 nodes is less than what they deliver to nodes (first S x, (z): 0 of 4): is it final \
         demand?",
        "stressors of satellite that were left out for missing values: land",
        "3 stressor values of satellite belong to nodes without output and were set to 0",
    ];
    assert_eq!(loaded.table.warnings, expected);
}
