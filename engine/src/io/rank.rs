//! (A placeholder of this branch.)
