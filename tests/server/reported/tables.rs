//! Wide tables from one file, as people brought them.
