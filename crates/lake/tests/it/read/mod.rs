//! Questions and their answers.

mod answers;
mod counts;
mod differential;
mod indexes;
mod rows;
mod sql;
