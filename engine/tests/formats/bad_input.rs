//! Input that is refused, and the place that the error names.

use assess_engine::io::{Duplicates, Format, LoadOptions, Loaded, Precision};
use assess_engine::{Budget, Error, Progress};

use proptest::prelude::*;

use crate::reading::{bytes, bytes_with, folder, gzip, path_with, rowsum, zip};

/// A valid table: two regions of one sector, final demand, value added, output.
const GOOD: &str = "V1,A_x,B_x,A_HFCE,OUT\nA_x,1,2,7,10\nB_x,3,4,13,20\nVA,6,14,0,0\nOUT,10,20,0,0\n";

fn text(result: Result<impl std::fmt::Debug, Error>) -> String {
    result.expect_err("the input is refused").to_string()
}

#[test]
fn the_table_that_the_cases_damage_is_valid() {
    let table = bytes(GOOD.as_bytes()).unwrap();
    assert_eq!(table.output, Some(vec![10.0, 20.0]));
    assert_eq!(table.warnings, [""; 0]);
}

#[test]
fn a_damaged_icio_table_is_refused_at_the_place_of_the_error() {
    let cases = [
        ("not a number", "1,2,7", "1,two,7", "not a finite number (line 2, column 3)"),
        ("NaN", "1,2,7", "1,NaN,7", "the value is marked as missing: write 0 where there is none (line 2, column 3)"),
        ("infinity", "3,4,13", "3,4,inf", "not a finite number (line 3, column 4)"),
        ("too large a number", "3,4,13", "1e999,4,13", "not a finite number (line 3, column 2)"),
        ("a cell too many", "7,10\n", "7,10,5\n", "the row has more cells than the header (line 2, column 6)"),
        ("a cell too few", "B_x,3,4,13,20", "B_x,3,4,20", "the row has fewer cells than the header (line 3, column 5)"),
        (
            "a column twice",
            "A_x,B_x,A_HFCE",
            "A_x,A_x,A_HFCE",
            "the label A_x occurs twice, first in column 2 (line 1, column 3)",
        ),
        ("a row twice", "\nB_x", "\nA_x", "the label A_x occurs twice, first in line 2 (line 3, column 1)"),
        ("value added twice", "OUT,10", "VA,10", "the label VA occurs twice, first in line 4 (line 5, column 1)"),
        ("no column label", "A_HFCE", "", "the label is empty (line 1, column 4)"),
        ("no row label", "VA,", ",", "the label is empty (line 4, column 1)"),
        ("a control character", "A_HFCE", "A_\u{1}", "the label holds a control character (line 1, column 4)"),
        ("an open quote", "VA,6", "\"VA,6", "a quote is not closed (line 4)"),
        (
            "a row missing",
            "B_x,3,4,13,20\n",
            "",
            "the file is cut short, or a label was changed: the column B_x has no row (line 1, column 3)",
        ),
        ("a column too few", ",B_x,A_HFCE", ",A_TFU,A_HFCE", "the row B_x has no column (line 3, column 1)"),
        ("negative output", "OUT,10,20", "OUT,10,-20", {
            "the output of B x is negative: NEGATIVE zero loads the table with an output of 0 (line 5, column 3)"
        }),
        (
            "no node",
            "A_x,B_x",
            "A_y,B_z",
            "no label is both a column and a row: expected REGION_SECTOR in the first line and in the first column (line 1)",
        ),
    ];
    for (what, from, to, expected) in cases {
        let damaged = GOOD.replacen(from, to, 1);
        assert_ne!(damaged, GOOD, "{what}");
        assert_eq!(text(bytes(damaged.as_bytes()).map(|table| (what, table))), expected, "{what}");
    }
}

#[test]
fn output_is_refused_at_the_place_where_it_was_read() {
    let column = "V1,A_x,B_x,OUT\nA_x,1,2,10\nB_x,3,4,-1\n";
    assert_eq!(
        text(bytes(column.as_bytes())),
        "the output of B x is negative: NEGATIVE zero loads the table with an output of 0 (line 3, column 4)"
    );
    let sums = "V1,A_x,B_x,F\nA_x,1,2,10\nB_x,3,4,-9\n";
    assert_eq!(
        text(bytes(sums.as_bytes())),
        "the output of B x is negative: NEGATIVE zero loads the table with an output of 0 (line 3)"
    );
    let huge = "V1,A_x,B_x,F\nA_x,1,2,10\nB_x,1e308,4,1e308\n";
    assert_eq!(text(bytes(huge.as_bytes())), "the output of B x is too large (line 3)");
}

#[test]
fn a_quotient_that_cannot_be_stored_is_refused() {
    let tiny = "V1,A_x,OUT\nA_x,1e300,0\nOUT,1e-300,0\n";
    let expected = "the coefficients of A x are too large to be stored: check its output";
    assert_eq!(text(bytes(tiny.as_bytes())), expected);
    let narrow = LoadOptions { precision: Precision::F32, ..LoadOptions::default() };
    let tiny = "V1,A_x,OUT\nA_x,1e30,0\nOUT,1e-30,0\n";
    assert!(bytes(tiny.as_bytes()).is_ok());
    assert_eq!(text(bytes_with(tiny.as_bytes(), &narrow)), expected);
}

#[test]
fn labels_that_are_not_utf8_are_refused_and_never_repeated() {
    let damaged: Vec<u8> = GOOD.bytes().map(|byte| if byte == b'B' { 0xff } else { byte }).collect();
    assert_eq!(text(bytes(&damaged)), "the label is not UTF-8 (line 1, column 3)");
}

#[test]
fn labels_that_are_too_long_are_refused() {
    let name = "n".repeat(513);
    let expected = "a name in the label is longer than 512 bytes (line 1, column 2)";
    assert_eq!(text(bytes(GOOD.replace("A_x", &format!("A_{name}")).as_bytes())), expected);
    let long = "n".repeat(2000);
    assert_eq!(text(bytes(GOOD.replace("A_x", &format!("A_{long}")).as_bytes())), {
        "the label is too long (line 1, column 2)"
    });
}

#[test]
fn a_truncated_file_is_never_accepted_as_a_whole_one() {
    // All lines before the closing rows are needed; a truncated number is still a number.
    let end = GOOD.find("VA").unwrap() - ",20\n".len();
    for cut in 0..end {
        assert!(bytes(&GOOD.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn empty_input_and_input_without_a_table_are_refused() {
    assert_eq!(text(bytes(b"")), "the input is empty");
    let expected = "the layout is not known; expected a csv whose first line and first column hold the labels of the nodes, or \
                    lines of from_region,from_sector,to_region,to_sector,value";
    assert_eq!(text(bytes(b"hello\nworld\n")), expected);
    assert_eq!(text(bytes(&gzip(b""))), "the input is empty");
    assert_eq!(text(bytes(b"\x28\xb5\x2f\xfd....")), "the compressed data are damaged (line 1)");
}

#[test]
fn a_requested_layout_is_the_only_one_that_is_accepted() {
    let wanted = |format| LoadOptions { format: Some(format), ..LoadOptions::default() };
    let error = text(bytes_with(GOOD.as_bytes(), &wanted(Format::Triples)));
    let header = "expected from_region,from_sector,to_region,to_sector,value (or flow, or coefficient)";
    assert_eq!(error, format!("{header} (line 1, column 1)"));
    let error = text(bytes_with(GOOD.as_bytes(), &wanted(Format::Exiobase)));
    assert_eq!(error, "no A.txt or Z.txt found; EXIOBASE is a folder or an archive with one of them");
}

#[test]
fn damaged_streams_are_refused() {
    let packed = gzip(GOOD.as_bytes());
    assert_eq!(text(bytes(&packed[..packed.len() - 5])), "the compressed data are cut short (line 1)");
    let mut wrong = packed.clone();
    let sum = wrong.len() - 8;
    wrong[sum] ^= 1;
    assert_eq!(text(bytes(&wrong)), "the compressed data are damaged (line 1)");

    let archive = zip(&[("t.csv", GOOD.as_bytes())]);
    assert_eq!(text(bytes(&archive[..archive.len() / 2])), "the archive is damaged or cut short");
    assert!(bytes(&archive).is_ok());
}

#[test]
fn several_tables_are_refused() {
    let expected = "there are several tables, a.csv, b.csv: say MEMBER and one of them";
    let good = GOOD.as_bytes();
    assert_eq!(text(bytes(&zip(&[("a.csv", good), ("b.csv", good)]))), expected);
    let both = folder(&[("2020/A.txt", b""), ("2021/A.txt", b"")]);
    assert_eq!(text(path_with(both.path(), &LoadOptions::default())), expected.replace("a.csv, b.csv", "2020, 2021"));
    let none = folder(&[("a.txt", b"hello"), ("b.txt", b"world")]);
    let error = text(path_with(none.path(), &LoadOptions::default()));
    assert_eq!(
        error,
        "no table found among the files; expected one csv, A.txt or Z.txt, or EORA26's ..._T.txt with labels_T.txt"
    );
}

#[test]
fn damaged_triples_are_refused_at_the_place_of_the_error() {
    let header = "from_region,from_sector,to_region,to_sector,";
    let cases = [
        (
            "value",
            "A,x,A,x,1\nA,x,A,x,2\n",
            "the cell has two lines, the first is line 2: DUPLICATES sum adds such lines up (line 3)",
        ),
        ("value", "A,x,A,x,one\n", "not a finite number, in the column of values (line 2, column 5)"),
        (
            "value",
            "A,x,A,x,\n",
            "a number is missing: write 0 where there is none, in the column of values (line 2, column 5)",
        ),
        ("value", "A,x,A\n", "the row has fewer cells than the header (line 2, column 4)"),
        ("value", "A,x,A,x,1,1\n", "the row has more cells than the header (line 2, column 6)"),
        ("value", ",x,A,x,1\n", "the label is empty (line 2, column 1)"),
        ("value", "A,,A,x,1\n", "the label is empty (line 2, column 2)"),
        (
            "value",
            "A,x,A,x,1\nB,x,A,x,-1\n",
            "the output of B x is negative: NEGATIVE zero loads the table with an output of 0 (line 3)",
        ),
        ("value", "", "the table has no rows (line 2)"),
        (
            "value",
            "A,x,A,x,1\nA,VA,A,x,3\n",
            "A VA is a row only, and named as value added or a total: leave its lines out (line 3)",
        ),
        (
            "value",
            "A,x,A,x,1\nA,x,A,TOTAL,3\n",
            "A TOTAL is a column only, and named as a total: leave its lines out (line 3)",
        ),
        ("coefficient", "A,x,A,,1\n", "a coefficient needs a to_sector (line 2, column 4)"),
    ];
    for (last, lines, expected) in cases {
        assert_eq!(text(bytes(format!("{header}{last}\n{lines}").as_bytes())), expected, "{lines}");
    }
    let error = text(bytes_with(format!("{header}coefficient\nA,x,A,x,.1\n").as_bytes(), &rowsum()));
    assert_eq!(error, "OUTPUT rowsum needs flows, this table has coefficients");
}

/// FIGARO's flat file: two regions of one sector, final demand and value added.
const FLAT: &str = "icioiRow,icioiCol,refArea,rowIi,counterpartArea,colIi,obsValue\n\
    A_x,A_x,A,x,A,x,1\nA_x,B_x,A,x,B,x,2\nA_x,A_P3,A,x,A,P3,7\n\
    B_x,A_x,B,x,A,x,3\nB_x,B_x,B,x,B,x,4\nB_x,A_P3,B,x,A,P3,13\n\
    W2_D1,A_x,W2,D1,A,x,6\nW2_D1,B_x,W2,D1,B,x,14\n";

#[test]
fn a_flat_file_of_figaro_with_too_many_or_too_few_lines_is_refused() {
    assert_eq!(bytes(FLAT.as_bytes()).unwrap().output, Some(vec![10.0, 20.0]));
    let again = format!("{FLAT}A_x,A_P3,A,x,A,P3,7\n");
    assert_eq!(
        text(bytes(again.as_bytes())),
        "the cell has two lines, the first is line 4: DUPLICATES sum adds such lines up (line 10)"
    );
    let sum = LoadOptions { duplicates: Duplicates::Sum, ..LoadOptions::default() };
    let loaded = bytes_with(again.as_bytes(), &sum).unwrap();
    assert_eq!(loaded.table.output, Some(vec![17.0, 20.0]));
    assert_eq!(loaded.table.warnings, ["1 line was added to another one for the same cell"]);

    let column = FLAT.replace("A_x,B_x,A,x,B,x,2\n", "").replace("B_x,B_x,B,x,B,x,4\n", "");
    let column = column.replace("W2_D1,B_x,W2,D1,B,x,14\n", "");
    let expected =
        "B x has no lines as a column, and its sector is one of nodes: write them, 0 where there is none (line 4)";
    assert_eq!(text(bytes(column.as_bytes())), expected);
    let row: String = FLAT.lines().filter(|line| !line.starts_with("B_x")).map(|line| format!("{line}\n")).collect();
    let expected =
        "B x has no lines as a row, and its sector is one of nodes: write them, 0 where there is none (line 3)";
    assert_eq!(text(bytes(row.as_bytes())), expected);
    let unnamed = FLAT.replace("A_x,A_P3,A,x,A,P3,7", "A_x,A_P3,A,x,A,,7");
    assert_eq!(text(bytes(unnamed.as_bytes())), "the label is empty (line 4, column 6)");
}

const A: &str = "region\t\tR\tR\nsector\t\tx\ty\nregion\tsector\t\t\nR\tx\t.1\t.2\nR\ty\t.3\t.4\n";
const X: &str = "region\tsector\tindout\nR\tx\t10\nR\ty\t20\n";

fn exiobase(files: &[(&str, &str)]) -> Result<Loaded, Error> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
    path_with(folder(&files).path(), &LoadOptions::default())
}

#[test]
fn a_damaged_account_is_refused_with_the_file_and_the_place() {
    let cases = [
        ("A.txt", ".1\t.2", ".1\t", "a number is missing: write 0 where there is none (A.txt, line 4, column 4)"),
        ("A.txt", ".1\t.2", ".1", "the row has fewer cells than the header (A.txt, line 4, column 4)"),
        ("A.txt", "R\ty\t.3", "R\tx\t.3", "the label occurs twice (A.txt, line 5, column 1)"),
        ("A.txt", "R\ty\t.3", "Q\ty\t.3", "the row Q y is no column of the table (A.txt, line 5, column 1)"),
        ("A.txt", "R\ty\t.3\t.4\n", "", "the file is cut short, missing rows: 1 (A.txt, line 5)"),
        ("A.txt", "\t.4\n", "\t.4\nR\tz\t1\t1\n", "the row R z is no column of the table (A.txt, line 6, column 1)"),
        ("A.txt", "\t\tx\ty", "\t\tx\tx", "the label occurs twice (A.txt, line 2, column 4)"),
        ("A.txt", "\t\tx\ty", "\t\tx", "the header lines differ in length (A.txt, line 2, column 4)"),
        (
            "x.txt",
            "20",
            "-20",
            "the output of R y is negative: NEGATIVE zero loads the table with an output of 0 (x.txt, line 3, column 3)",
        ),
        ("x.txt", "20", "NaN", "the value is marked as missing: write 0 where there is none (x.txt, line 3, column 3)"),
        ("x.txt", "R\ty\t20\n", "", "the file is cut short, missing rows: 1 (x.txt, line 3)"),
    ];
    for (file, from, to, expected) in cases {
        let damage =
            |name, content: &str| if name == file { content.replacen(from, to, 1) } else { content.to_owned() };
        let (a, x) = (damage("A.txt", A), damage("x.txt", X));
        assert!(a != A || x != X, "{from}");
        assert_eq!(text(exiobase(&[("A.txt", &a), ("x.txt", &x)])), expected, "{from} -> {to}");
    }
    assert!(exiobase(&[("A.txt", A), ("x.txt", X)]).is_ok());
    let error = text(exiobase(&[("Z.txt", A), ("unit.txt", "")]));
    assert_eq!(error, "flows (Z.txt) need output (x.txt) or final demand (Y.txt)");
}

#[test]
fn nothing_large_is_allocated_beyond_the_budget() {
    let n = 200;
    let mut header = String::from("V1");
    let mut rows = String::new();
    for i in 0..n {
        header += &format!(",A_{i}");
        rows += &format!("A_{i}{}\n", ",1".repeat(n + 1));
    }
    let table = format!("{header},F\n{rows}");
    let load = |available| {
        let input = assess_engine::io::Input::Bytes(table.as_bytes());
        assess_engine::io::load(input, &LoadOptions::default(), &Budget::new(available), &Progress::default())
    };
    let Err(Error::NoRoom { what, needed, available }) = load(1000) else { panic!("there is not enough memory") };
    assert_eq!((what, available), ("the table", 1000));
    let matrix = (n * n * 8) as u64;
    assert!((matrix..matrix + (1 << 20)).contains(&needed), "{needed}");
    assert!(load(needed).is_ok());
}

#[test]
fn cancelled_work_stops() {
    let progress = Progress::default();
    progress.cancel();
    let input = assess_engine::io::Input::Bytes(GOOD.as_bytes());
    let result = assess_engine::io::load(input, &LoadOptions::default(), &Budget::UNLIMITED, &progress);
    assert_eq!(result.unwrap_err(), Error::Cancelled);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Damaged input gives a table or an error, and error texts stay ASCII.
    #[test]
    fn damaged_bytes_never_make_the_reader_panic(which in 0..6usize, damages in prop::collection::vec(damage(), 1..4)) {
        let account = [("A.txt", A.as_bytes()), ("x.txt", X.as_bytes()), ("satellite/F.txt", b"s\tR\tR\ns\tx\ty\nC\t1\t2\n")];
        let mut input = match which {
            0 => GOOD.as_bytes().to_vec(),
            1 => gzip(GOOD.as_bytes()),
            2 => zip(&[("t.csv", GOOD.as_bytes())]),
            3 => zip(&account),
            4 => b"from_region,from_sector,to_region,to_sector,value\nA,x,A,x,1\nA,x,B,,2\n".to_vec(),
            _ => ruzstd::encoding::compress_to_vec(GOOD.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest),
        };
        for (at, byte, cut) in damages {
            let at = at.index(input.len());
            if cut { input.truncate(at.max(1)) } else { input[at] = byte }
        }
        if let Err(error) = bytes(&input) {
            prop_assert!(error.to_string().is_ascii());
        }
    }
}

/// The position, the byte written there, and whether the input is truncated there instead.
fn damage() -> impl Strategy<Value = (prop::sample::Index, u8, bool)> {
    (any::<prop::sample::Index>(), any::<u8>(), prop::bool::weighted(0.1))
}

#[test]
fn a_label_between_nodes_that_is_no_node_is_named_in_national_tables_too() {
    let national = LoadOptions { region: Some("US".into()), ..LoadOptions::default() };
    let read = |text: &str| bytes_with(text.as_bytes(), &national).map(|loaded| loaded.table.warnings);
    let good = "V1,Mines,Farms,Oil,Exports\nMines,1,2,3,9\nFarms,4,5,6,40\nOil,7,8,9,60\nWages,3,40,66,0\n";
    assert_eq!(read(good).unwrap(), [""; 0]);
    // Sorted by label, rows and columns of every kind are between nodes.
    let sorted = "V1,Exports,Farms,Households,Mines\nFarms,40,5,7,4\nImports,0,3,0,4\nMines,9,2,1,1\n";
    let warnings = read(sorted).unwrap();
    assert_eq!(warnings.len(), 2, "incomplete sums of columns, and columns that may be exports: {warnings:?}");
    for (from, to, expected) in [
        (
            "\nFarms,4,5,6,40",
            "",
            "the file is cut short, or a label was changed: the column Farms has no row (final demand comes behind the nodes) \
             (line 1, column 3)",
        ),
        (
            "Mines,Farms,Oil",
            "Mines,Oil,Exp",
            "the row Farms has no column (value added comes behind the nodes) (line 3, column 1)",
        ),
        (
            "\nFarms,4",
            "\nFarm,4",
            "the file is cut short, or a label was changed: the column Farms has no row (final demand comes behind the nodes) \
             (line 1, column 3)",
        ),
    ] {
        assert!(good.contains(from));
        assert_eq!(text(read(&good.replacen(from, to, 1))), expected);
    }
}
