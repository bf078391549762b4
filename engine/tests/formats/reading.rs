//! The functions by which these tests read tables.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use assess_engine::io::{Folder, Input, LoadOptions, Loaded, OutputRule, Table, load};
use assess_engine::{Budget, Progress, Result};

pub(crate) fn bytes_with(bytes: &[u8], options: &LoadOptions) -> Result<Loaded> {
    load(Input::Bytes(bytes), options, &Budget::UNLIMITED, &Progress::default())
}

pub(crate) fn bytes(bytes: &[u8]) -> Result<Table> {
    bytes_with(bytes, &LoadOptions::default()).map(|loaded| loaded.table)
}

pub(crate) fn rowsum() -> LoadOptions {
    LoadOptions { output: OutputRule::RowSum, ..LoadOptions::default() }
}

/// A folder on disk.
pub(crate) struct Disk(pub(crate) PathBuf);

impl Disk {
    fn walk(&self, below: &Path, names: &mut Vec<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(self.0.join(below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.walk(&name, names)?;
            } else {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        Ok(())
    }
}

impl Folder for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        self.walk(Path::new(""), &mut names)?;
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.0.join(name))
    }
}

pub(crate) fn path_with(path: &Path, options: &LoadOptions) -> Result<Loaded> {
    let input = if path.is_dir() {
        Input::Folder(Box::new(Disk(path.to_owned())))
    } else {
        Input::File(File::open(path).unwrap())
    };
    load(input, options, &Budget::UNLIMITED, &Progress::default())
}

/// A temporary folder with these files, given as `(name, content)`.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Nodes as `region|sector`, in the table's order.
pub(crate) fn nodes(table: &Table) -> Vec<String> {
    (0..table.labels.len())
        .map(|i| table.labels.names(i))
        .map(|(region, sector)| format!("{region}|{sector}"))
        .collect()
}

/// The coefficient between two nodes given as `region|sector`.
pub(crate) fn coefficient(table: &Table, from: &str, to: &str) -> f64 {
    let node = |name: &str| {
        let (region, sector) = name.split_once('|').unwrap();
        table.labels.node(region.as_bytes(), sector.as_bytes()).unwrap()
    };
    table.coefficients.get(node(from), node(to))
}
