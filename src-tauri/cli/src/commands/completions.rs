//! Completions from the same definition as the help.

use crate::arguments::Arguments;
use crate::ending::{Ended, Ending};
use crate::face::write_out;
use clap::CommandFactory;

pub fn run(shell: clap_complete::Shell) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "firstlight", &mut script);
    write_out(&script);
    Ok(Ending::Passed)
}
