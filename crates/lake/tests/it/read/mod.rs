//! Questions and their answers.

mod answers;
mod differential;
mod indexes;
mod rows;
mod sql;
