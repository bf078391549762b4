//! Folders and archives, as people brought them.
