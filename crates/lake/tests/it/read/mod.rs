//! Questions and their answers.

mod answers;
mod differential;
mod rows;
mod sql;
