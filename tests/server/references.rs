//! Results computed by other software: the world input-output table of 2011 through Redis, small tables in real
//! layouts, score models of other libraries.

mod depth;
mod layouts;
mod origin;
mod score;
mod wiod;
