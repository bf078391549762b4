//! Final demand that is kept with a table, in every layout.

use assess_engine::io::{Demand, FinalDemand, LoadOptions, Precision, Split, Table};
use assess_engine::{Budget, Error, Progress};

use crate::reading::{bytes, bytes_with, folder, path_with, rowsum};
use crate::reference;

fn demand(table: &Table) -> &FinalDemand {
    table.demand.as_ref().expect("the table has final demand")
}

/// `region:category` of every column, in order.
fn pairs(demand: &FinalDemand) -> Vec<String> {
    let name = |&(region, category): &(u32, u32)| {
        format!("{}:{}", demand.regions()[region as usize], demand.categories()[category as usize])
    };
    demand.pairs().iter().map(name).collect()
}

/// The demand of a region, in the order of the nodes; of a category, or of all if it is empty.
fn of(table: &Table, region: &str, category: &str) -> Vec<f64> {
    let demand = demand(table);
    let category = (!category.is_empty()).then(|| demand.category(category.as_bytes()).expect("a category"));
    demand.of(demand.region(region.as_bytes()).expect("a region"), category).expect("a column")
}

/// The sum of all columns, in the order of the nodes.
fn all(table: &Table) -> Vec<f64> {
    let mut sums = vec![0.0; table.labels.len()];
    for region in demand(table).regions() {
        sums.iter_mut().zip(of(table, region, "")).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// Output minus deliveries to nodes.
fn net_output(table: &Table) -> Vec<f64> {
    let x = table.output.as_ref().unwrap();
    let delivered = |i: usize| (0..x.len()).map(|j| table.coefficients.get(i, j) * x[j]).sum::<f64>();
    (0..x.len()).map(|i| x[i] - delivered(i)).collect()
}

#[track_caller]
fn near(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= 1e-9 * scale, "{a} is not {b}"));
}

const NODES: &str = "AUS_A,AUS_B,CHN_A,CHN_B";
const ROWS: [&str; 4] = ["AUS_A,1,2,3,4", "AUS_B,2,3,4,5", "CHN_A,3,1,2,6", "CHN_B,4,1,7,2"];

/// A table whose final demand has these columns, `values` by node.
fn wide(columns: &[(&str, [f64; 4])], total: &str) -> String {
    let mut text = format!("V1,{NODES}");
    columns.iter().for_each(|(name, _)| text += &format!(",{name}"));
    text += &format!("{total}\n");
    let flows = [10.0, 14.0, 12.0, 14.0];
    for (i, row) in ROWS.iter().enumerate() {
        text += row;
        columns.iter().for_each(|(_, values)| text += &format!(",{}", values[i]));
        if !total.is_empty() {
            text += &format!(",{}", flows[i] + columns.iter().map(|(_, values)| values[i]).sum::<f64>());
        }
        text += "\n";
    }
    text
}

const HOME: [f64; 4] = [20.0, 70.0, 4.0, 21.0];
const INVENTORIES: [f64; 4] = [-1.0, 0.5, 0.0, 2.0];
const CHINA: [f64; 4] = [6.0, 33.0, 40.0, 150.0];
const NONE: [f64; 4] = [0.0; 4];

#[test]
fn wide_tables_keep_a_column_for_every_region_and_category_in_either_order_of_names() {
    let columns = |names: [&'static str; 4]| -> Vec<(&'static str, [f64; 4])> {
        names.into_iter().zip([HOME, INVENTORIES, CHINA, NONE]).collect()
    };
    for names in
        [["AUS_HFCE", "AUS_INVNT", "CHN_HFCE", "CHN_INVNT"], ["HFCE_AUS", "INVNT_AUS", "HFCE_CHN", "INVNT_CHN"]]
    {
        let table = bytes(wide(&columns(names), ",OUT").as_bytes()).unwrap();
        assert_eq!(pairs(demand(&table)), ["AUS:HFCE", "AUS:INVNT", "CHN:HFCE", "CHN:INVNT"]);
        assert_eq!(of(&table, "AUS", "INVNT"), INVENTORIES);
        assert_eq!(of(&table, "AUS", ""), [19.0, 70.5, 4.0, 23.0]);
        // A region that buys nothing has a column of zeros.
        assert_eq!(of(&table, "CHN", "INVNT"), NONE);
        near(&all(&table), &net_output(&table));
        assert!(table.warnings.is_empty(), "{:?}", table.warnings);
    }
}

#[test]
fn totals_are_not_demand_and_columns_without_a_region_are_left_out_by_name() {
    let total: [f64; 4] = [26.0, 103.0, 44.0, 171.0];
    let with_total = [("AUS_HFCE", HOME), ("CHN_HFCE", CHINA), ("ALL_TFD", total)];
    let text = wide(&with_total, "") + "VA,20,30,40,60,,,\nOUT,36,117,56,185,,,\n";
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!(pairs(demand(&table)), ["AUS:HFCE", "CHN:HFCE"], "{:?}", table.warnings);

    let discrepancy = [("AUS_HFCE", HOME), ("CHN_HFCE", CHINA), ("DISC", INVENTORIES)];
    let table = bytes(wide(&discrepancy, ",OUT").as_bytes()).unwrap();
    assert_eq!(pairs(demand(&table)), ["AUS:HFCE", "CHN:HFCE"]);
    let said = "columns of final demand whose labels name no region were left out: DISC";
    assert!(table.warnings.iter().any(|warning| warning == said), "{:?}", table.warnings);
}

#[test]
fn regions_without_nodes_may_buy_and_are_named() {
    let columns = [("AUS_HFCE", HOME), ("ROW_HFCE", CHINA)];
    let table = bytes(wide(&columns, ",OUT").as_bytes()).unwrap();
    assert_eq!(of(&table, "ROW", ""), CHINA);
    assert!(table.warnings.iter().any(|warning| warning.ends_with("have no node: ROW")), "{:?}", table.warnings);
}

#[test]
fn parts_of_a_country_buy_together_when_they_are_merged() {
    let text =
        wide(&[("AUS_HFCE", HOME), ("CN1_HFCE", CHINA), ("CN2_HFCE", INVENTORIES)], ",OUT").replace("CHN", "CN1");
    let table = bytes(text.as_bytes()).unwrap();
    assert_eq!(pairs(demand(&table)), ["AUS:HFCE", "CHN:HFCE"]);
    assert_eq!(of(&table, "CHN", ""), [5.0, 33.5, 40.0, 152.0]);
    let keep = LoadOptions { split: Split::Keep, ..LoadOptions::default() };
    let table = bytes_with(text.as_bytes(), &keep).unwrap().table;
    assert_eq!(pairs(demand(&table)), ["AUS:HFCE", "CN1:HFCE", "CN2:HFCE"]);
}

#[test]
fn a_national_table_keeps_its_columns_as_categories() {
    let text = "V1,Farms,Mines,Households,Exports,OUT\nFarms,10,20,5,65,100\nMines,15,40,25,120,200\n";
    let options = LoadOptions { region: Some("US".into()), ..LoadOptions::default() };
    let table = bytes_with(text.as_bytes(), &options).unwrap().table;
    assert_eq!(pairs(demand(&table)), ["US:Households", "US:Exports"]);
    assert!(table.warnings.iter().any(|warning| warning.contains("exports too")), "{:?}", table.warnings);
}

#[test]
fn demand_no_leaves_it_out_in_every_layout_and_the_table_is_the_same_otherwise() {
    let triples = "from_region,from_sector,to_region,to_sector,flow\nA,x,A,x,1\nA,x,A,,5\n";
    let icio = wide(&[("AUS_HFCE", HOME), ("CHN_HFCE", CHINA)], ",OUT");
    let without = LoadOptions { demand: Demand::LeftOut, ..LoadOptions::default() };
    for text in [triples, &icio] {
        let table = bytes_with(text.as_bytes(), &without).unwrap().table;
        assert_eq!(table, Table { demand: None, ..bytes(text.as_bytes()).unwrap() });
    }
    let Some(mocks) = reference::find("demand_no_leaves_it_out_in_every_layout", "mrio-mocks") else { return };
    for (name, output) in [("exio3_mock", LoadOptions::default()), ("eora26_mock", LoadOptions::default())] {
        let with = path_with(&mocks.join(name), &output).unwrap().table;
        let options = LoadOptions { demand: Demand::LeftOut, ..output };
        let table = path_with(&mocks.join(name), &options).unwrap().table;
        assert!(with.demand.is_some());
        assert_eq!(table, Table { demand: None, ..with });
    }
}

#[test]
fn lines_without_a_sector_are_demand_of_their_region_and_several_lines_add_up() {
    let text = "from_region,from_sector,to_region,to_sector,flow\n\
                A,x,A,y,1\nA,y,B,,5\nA,x,B,,2\nA,x,Z,,3\nA,x,B,,0.5\nA,y,A,,0\n";
    for precision in [Precision::F64, Precision::F32] {
        let table = bytes_with(text.as_bytes(), &LoadOptions { precision, ..LoadOptions::default() }).unwrap().table;
        assert_eq!(demand(&table).columns().precision(), precision);
        assert_eq!(pairs(demand(&table)), ["B:", "Z:", "A:"]);
        assert_eq!(of(&table, "B", ""), [2.5, 5.0]);
        assert_eq!(of(&table, "A", ""), [0.0, 0.0]);
        assert_eq!(all(&table), [5.5, 5.0]);
    }
}

#[test]
fn memory_for_final_demand_is_requested_before_it_is_allocated() {
    let mut text = "from_region,from_sector,to_region,to_sector,flow\nA,x,A,x,1\n".to_owned();
    (0..3000).for_each(|region| text += &format!("A,x,R{region},,1\n"));
    (0..200).for_each(|sector| text += &format!("A,s{sector},A,x,1\n"));
    let load = |demand, budget| {
        let options = LoadOptions { demand, ..LoadOptions::default() };
        let input = assess_engine::io::Input::Bytes(text.as_bytes());
        assess_engine::io::load(input, &options, &Budget::new(budget), &Progress::default())
    };
    // 201 nodes: 3000 columns take 4.8 MB, the coefficients 0.3 MB.
    assert!(load(Demand::LeftOut, 2 << 20).is_ok());
    assert!(matches!(load(Demand::Kept, 2 << 20), Err(Error::NoRoom { .. })));
    assert!(load(Demand::Kept, 8 << 20).is_ok());
}

#[test]
fn figaro_has_the_same_demand_in_both_forms() {
    let test = "figaro_has_the_same_demand_in_both_forms";
    let Some(data) = reference::find(test, "reported/io") else { return };
    let matrix = path_with(&data.join("12-figaro-matrix/matrix.csv"), &LoadOptions::default()).unwrap().table;
    let flat = path_with(&data.join("13-figaro-flat-file/flat.csv"), &LoadOptions::default()).unwrap().table;
    assert_eq!(pairs(demand(&matrix)), ["AT:P3_S14", "FIGW1:P3_S14"]);
    assert_eq!(pairs(demand(&flat)), pairs(demand(&matrix)));
    assert_eq!(of(&matrix, "AT", ""), [20.0, 70.0, 120.0, 4.0, 21.0, 12.0]);
    for region in ["AT", "FIGW1"] {
        assert_eq!(of(&flat, region, ""), of(&matrix, region, ""));
    }
    let wiod = path_with(&data.join("15-wiod2016-wide-csv/WIOT2014.csv"), &LoadOptions::default()).unwrap().table;
    assert_eq!(pairs(demand(&wiod)), ["AUS:57", "ROW:57"]);
    assert_eq!(of(&wiod, "ROW", "57"), [6.0, 33.0, 10.0, 40.0, 150.0, 160.0]);
}

#[test]
fn tables_in_real_layouts_keep_all_regions_and_categories_and_their_sum_is_what_nodes_do_not_buy() {
    let test = "tables_in_real_layouts_keep_all_regions_and_categories";
    let Some(mocks) = reference::find(test, "mrio-mocks") else { return };
    for (name, options, regions, categories, left_out) in [
        ("oecd_mock/ICIO2016_2003.csv", rowsum(), 4, 6, "DISC"),
        ("oecd_mock/ICIO2018_2010.CSV", rowsum(), 5, 5, ""),
        ("exio3_mock", LoadOptions::default(), 6, 7, ""),
        ("eora26_mock", LoadOptions::default(), 6, 7, ""),
    ] {
        let table = path_with(&mocks.join(name), &options).unwrap().table;
        let demand = demand(&table);
        assert_eq!((demand.regions().len(), demand.categories().len()), (regions, categories), "{name}");
        assert_eq!(demand.pairs().len(), regions * categories, "{name}");
        assert!(demand.regions().iter().all(|region| table.labels.region(region.as_bytes()).is_some()), "{name}");
        if left_out.is_empty() {
            near(&all(&table), &net_output(&table));
        } else {
            assert!(table.warnings.iter().any(|warning| warning.contains("no region") && warning.contains(left_out)));
        }
    }
}

#[test]
fn the_discrepancy_of_eora_buys_nothing() {
    let labels = "A\tAAA\tIndustries\tx\nB\tBBB\tIndustries\tx\nRow\tROW\tTotal\tTOTAL\n";
    let columns = "A\tAAA\tFinal Demand\tHouse\nB\tBBB\tFinal Demand\tHouse\nRow\tROW\tFinal Demand\tHouse\n";
    let (flows, bought) = ("1\t2\t0\n3\t1\t0\n0\t0\t0\n", "5\t6\t7\n8\t9\t1\n0\t0\t0\n");
    let files: [(&str, &[u8]); 3] =
        [("labels_T.txt", labels.as_bytes()), ("E_T.txt", flows.as_bytes()), ("E_FD.txt", bought.as_bytes())];
    let named = folder(&[&files[..], &[("labels_FD.txt", columns.as_bytes())]].concat());
    let table = path_with(named.path(), &LoadOptions::default()).unwrap().table;
    assert_eq!(pairs(demand(&table)), ["AAA:House", "BBB:House"]);
    assert_eq!(of(&table, "AAA", ""), [5.0, 8.0]);
    assert!(
        table
            .warnings
            .iter()
            .any(|warning| warning.starts_with("final demand of ROW was left out like its node, columns: 1"))
    );

    // Without their names, the columns determine output only.
    let unnamed = folder(&files);
    let table = path_with(unnamed.path(), &LoadOptions::default()).unwrap().table;
    assert_eq!(table.demand, None);
    assert!(table.warnings.iter().any(|warning| warning.contains("no region")), "{:?}", table.warnings);
}

#[test]
fn wiod_keeps_41_regions_with_5_categories() {
    let Some(data) = reference::find("wiod_keeps_41_regions_with_5_categories", "wiod") else { return };
    let table = path_with(&data.join("WIOD_2011.csv"), &LoadOptions::default()).unwrap().table;
    assert_eq!((demand(&table).regions().len(), demand(&table).categories().len()), (41, 5));
    assert_eq!(demand(&table).pairs().len(), 205);
    assert_eq!(demand(&table).bytes() / 1_000_000, 2);
    let references: serde_json::Value =
        serde_json::from_slice(&std::fs::read(data.join("wiod_2011_depth.json")).unwrap()).unwrap();
    for footprint in references["footprints"].as_array().unwrap() {
        let sum: f64 = of(&table, footprint["region"].as_str().unwrap(), "").iter().sum();
        assert_eq!(sum, footprint["demand"].as_f64().unwrap());
    }
}
