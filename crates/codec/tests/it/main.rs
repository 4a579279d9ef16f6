//! What objects decode to, in every form, on both paths.

mod agree;
mod bounds;
mod forms;
mod generate;
mod keys;
mod property;
mod samples;
mod support;
