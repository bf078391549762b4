//! Seeds of input-output models.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use assess_engine::io::LoadOptions;
use assess_fuzz::{archive, frames, frames_of, io as tables, io_query};
use flate2::{Compression, write::GzEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use zip::ZipArchive;

use super::Seeds;

/// The longest table and package: longer inputs are cut by the fuzzer, and a table that is cut is no table.
const LONGEST: usize = 20_000;

/// Documents of indicators of the small table: what `BY` and the options choose, and the document.
const INDICATORS: [([u8; 2], &str); 10] = [
    ([1, 0], "{\"AA\":0.2,\"BB\":0.4}"),
    ([2, 0], "{\"agri\":0.2,\"manu\":-1e3,\"serv\":0}"),
    ([0, 1], "{\"AA\":{\"agri\":1,\"manu\":2.5}}"),
    ([3, 0], "{\"region\":{\"AA\":1,\"BB\":2},\"sector\":{\"agri\":1,\"manu\":4,\"serv\":0.5},\"mean\":\"geometric\"}"),
    ([1, 2], "region,value\nAA,0.1\nBB,0.2\nCC,0.3\n"),
    ([2, 4], "sector;value\nagri;1,5\nmanu;2,5\nmanu;1\nserv;3\n"),
    (
        [0, 8],
        "region,sector,value,unit\nAA,agri,8,kg\nAA,manu,20,kg\nAA,serv,20,kg\nBB,agri,1,kg\nBB,manu,2,kg\nBB,serv,3,kg\n",
    ),
    ([0, 1], "label,value\nAA_agri,1\nBB/manu,2\nserv/BB,3\n"),
    ([0, 16], "stressor,AA_agri,AA_manu,AA_serv,BB_agri,BB_manu,BB_serv\nEnergy,1,2,3,4,5,6\nLand,1,1,1,1,1,1\n"),
    (
        [0, 16],
        "region\tAA\tAA\tAA\tBB\tBB\tBB\nsector\tagri\tmanu\tserv\tagri\tmanu\tserv\nstressor\t\t\t\t\t\t\nEnergy\t1\t2\t3\t4\t5\t6\n",
    ),
];

const QUERIES: [([u8; 2], &str); 12] = [
    ([0, 0], "AA\0manu"),
    ([1, 32], "BB\0serv\032\0100\05\00.01"),
    ([2, 32], "BB\0agri\02\00\050\01e-9"),
    ([0, 1], "AA\0manu"),
    ([1, 19], "AA\0manu\00\05\0output"),
    ([1, 2], "AA\0manu\0risk0\0output\0risk1"),
    ([2, 2], "BB\0agri"),
    ([0, 3], "AA\0manu"),
    ([7, 3], "AA\0agri"),
    ([0, 4], "REGION\0AA\0HFCE"),
    ([1, 4], "region\0BB"),
    ([2, 5], "AA\0serv\0EXTRACT\0BB\0*"),
];

const WHAT_IFS: [([u8; 2], &str); 7] = [
    ([0, 5], "AA\0manu\0EXTRACT\0BB\0*"),
    ([1, 32], "AA\0manu\0SCALE\0*\0*\0AA\0*\00.5\0STRESS\0BB\0manu\02"),
    ([2, 3], "BB\0serv\0REPLACE\0AA\0*\0BB\01\0EXTRACT\0*\0agri"),
    ([0, 0], "BB\0serv\0SCALE\0*\0*\0*\0*\01.4"),
    ([3, 5], "AA\0manu\0REPLACE\0AA\0manu\0AA\00.5\0SCALE\0CC\0mine\0AA\0manu\01e3"),
    ([1, 5], "AA\0agri\0STRESS\0*\0*\01e308\0STRESS\0*\0*\01e308"),
    ([2, 5], "AA\0agri\0EXTRACT\0*\0*"),
];

const DEMANDS: [(u8, &str); 5] = [
    (0, "{\"AA\":{\"manu\":100}}"),
    (1, "{ \"BB\" : { \"serv\" : -1.5e3, \"agri\" : 0 }, \"AA\" : { \"agri\" : 1e-300 } }"),
    (2, "{\"AA\":{\"agri\":1e300,\"manu\":1e308}}"),
    (3, "{\"CC\":{\"mine\":12.25},\"AA\":{\"\\u0061gri\":1}}"),
    (0, "{\"XX\":{\"\\ud83d\\ude00\":1}}"),
];

impl Seeds<'_> {
    pub(super) fn tables(&self) -> io::Result<()> {
        self.table("small", tables::TABLE)?;
        self.table("flows", tables::FLOWS)?;
        for (name, path) in self.reported() {
            let Ok(bytes) = fs::read(&path) else { continue };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("zip") => {
                    self.write("io_archive", &name, &bytes)?;
                    self.package(&name, &unpacked(&bytes))?;
                }
                Some("csv" | "CSV" | "txt") => {
                    self.table(&name, &bytes)?;
                    self.indicator(&name, [0, 1], &bytes)?;
                }
                _ => {}
            }
        }
        for folder in self.folders() {
            let files = files_below(&folder);
            let inside =
                |path: &PathBuf| path.strip_prefix(&folder).ok().map(|path| path.to_string_lossy().into_owned());
            let files: Vec<(String, Vec<u8>)> =
                files.iter().filter_map(|path| Some((inside(path)?, fs::read(path).ok()?))).collect();
            self.package(&folder.file_name().unwrap_or_default().to_string_lossy(), &files)?;
        }
        for (i, (options, document)) in INDICATORS.iter().enumerate() {
            self.indicator(&format!("made-{i}"), *options, document.as_bytes())?;
        }
        for (target, list) in [("io_query", &QUERIES[..]), ("io_whatif", &WHAT_IFS[..])] {
            for (i, (bytes, words)) in list.iter().enumerate() {
                self.write(target, &i.to_string(), &[bytes, words.as_bytes()].concat())?;
            }
        }
        for (i, (which, document)) in DEMANDS.iter().enumerate() {
            self.write("io_demand", &i.to_string(), &[&[*which], document.as_bytes()].concat())?;
        }
        (0..4).try_for_each(|i| {
            self.write("io_frames", &i.to_string(), &frames::join(&frames_of(&**io_query::chosen(i))))
        })
    }

    /// A table as it is, compressed, and as frames.
    fn table(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > LONGEST {
            return Ok(());
        }
        let mut read = false;
        // The defaults; row sums, sums of duplicates and numbers of four bytes; a region for a national table.
        for options in [[0, 0], [0x65, 0], [0, 0x20]] {
            if let Some(model) = tables::read(tables::options(options[0], options[1]), bytes) {
                read = true;
                self.write("io_table", &format!("{name}-{}-{}", options[0], options[1]), &[&options, bytes].concat())?;
                self.write("io_frames", &format!("{name}-{}", options[0]), &frames::join(&frames_of(&*model)))?;
            }
        }
        if !read {
            return self.write("io_table", name, &[&[0, 0], bytes].concat());
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(bytes)?;
        self.write("io_archive", &format!("{name}-gzip"), &gzip.finish()?)?;
        self.write("io_archive", &format!("{name}-zstd"), &compress_to_vec(bytes, CompressionLevel::Fastest))
    }

    fn indicator(&self, name: &str, options: [u8; 2], document: &[u8]) -> io::Result<()> {
        let is_short = document.len() <= LONGEST / 4;
        if is_short { self.write("io_indicator", name, &[&options, document].concat()) } else { Ok(()) }
    }

    /// The text files of a package; those without a zero byte, and as many as fit.
    fn package(&self, name: &str, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        let is_text = |(name, content): &&(String, Vec<u8>)| {
            [".txt", ".csv"].iter().any(|end| name.to_ascii_lowercase().ends_with(end)) && !content.contains(&0)
        };
        let files = files.iter().filter(is_text).map(|(name, content)| (name.as_str(), content.as_slice()));
        let joined = archive::joined(files);
        if joined.len() > LONGEST {
            return Ok(());
        }
        let Some((package, _)) = archive::of(&joined) else { return Ok(()) };
        if let Some(model) = tables::read(LoadOptions::default(), &package) {
            self.write("io_frames", &format!("package-{name}"), &frames::join(&frames_of(&*model)))?;
        }
        self.write("io_package", name, &[&[0, 0], joined.as_slice()].concat())
    }

    /// The files of the reported cases and of the small tables, each with a name.
    fn reported(&self) -> Vec<(String, PathBuf)> {
        let folders = [self.data.join("reported/io"), self.data.join("mrio-mocks")];
        let paths = folders.iter().flat_map(|folder| files_below(folder));
        let kept = paths.filter(|path| !path.ends_with("ask.txt"));
        kept.enumerate()
            .map(|(i, path)| (format!("{i}-{}", path.file_stem().unwrap_or_default().to_string_lossy()), path))
            .collect()
    }

    /// Folders of the reported cases that hold a package, and of the small tables.
    fn folders(&self) -> Vec<PathBuf> {
        let below = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let cases = below(self.data.join("reported/io")).flat_map(below);
        cases.chain(below(self.data.join("mrio-mocks"))).filter(|path| path.is_dir()).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    // The order of a folder differs between machines.
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Vec::new() };
    let mut files = Vec::new();
    for i in 0..archive.len() {
        let Ok(mut file) = archive.by_index(i) else { continue };
        let mut content = Vec::new();
        if file.read_to_end(&mut content).is_ok() {
            files.push((file.name().map(|name| name.into_owned()).unwrap_or_default(), content));
        }
    }
    files
}
