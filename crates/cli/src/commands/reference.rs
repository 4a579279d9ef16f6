//! Shell completions and the pages of the reference documentation: all made from the declarations.

use std::io::Write;

use clap::CommandFactory;

use super::fields;
use crate::args::{Cli, CompletionsArgs, ReferenceArgs, ReferencePage};
use crate::failure::Result;
use crate::output::stdout;
use crate::settings;

pub(super) fn completions(args: &CompletionsArgs) -> Result<()> {
    // Into memory first: the generator does not return what writing gave.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowglass", &mut script);
    let mut out = stdout();
    out.write_all(&script)?;
    Ok(out.flush()?)
}

pub(super) fn page(args: &ReferenceArgs) -> Result<()> {
    let page = match args.page {
        ReferencePage::Settings => settings::markdown(),
        ReferencePage::Fields => fields::markdown(),
        ReferencePage::Cli => commands(),
    };
    let mut out = stdout();
    out.write_all(page.as_bytes())?;
    Ok(out.flush()?)
}

/// The page of the commands: the help of each.
fn commands() -> String {
    let mut page = String::from(
        "# Commands\n\n\
         The help of every command, as `flowglass COMMAND -h` prints it; `--help` says more of each option. Results go to standard output, everything\n\
         else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, a query that cannot be understood included.\n",
    );
    let mut command = Cli::command().term_width(100);
    command.build();
    describe(&mut page, &mut command, 2);
    page
}

fn describe(page: &mut String, command: &mut clap::Command, level: usize) {
    let heading = "#".repeat(level.min(3));
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let help = command.render_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("\n{heading} {name}\n\n"));
    // The short help repeats the first paragraph only.
    if let Some((_, rest)) = long.split_once("\n\n") {
        page.push_str(&format!("{}\n\n", rest.trim_end()));
    }
    page.push_str(&format!("```text\n{}\n```\n", help.join("\n").trim_end()));
    for subcommand in command.get_subcommands_mut() {
        if subcommand.get_name() != "help" && !subcommand.is_hide_set() {
            describe(page, subcommand, level + 1);
        }
    }
}
