//! Indicators, as people brought them.
