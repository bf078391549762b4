//! Results computed elsewhere: the world input-output table of 2011 through Redis, and small tables in real layouts.

mod layouts;
mod wiod;
