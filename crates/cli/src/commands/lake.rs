//! `lake`: what it holds, what it misses, and its upkeep.

mod coverage;
mod objects;
mod quarantine;
mod stats;
mod upkeep;
mod verify;

use crate::args::LakeCommand;
use crate::context::Context;
use crate::failure::Result;

pub(super) async fn run(context: &Context, command: &LakeCommand) -> Result<()> {
    match command {
        LakeCommand::Stats(args) => stats::run(context, args).await,
        LakeCommand::Coverage(args) => coverage::run(context, args).await,
        LakeCommand::Compact(args) => upkeep::compact(context, args).await,
        LakeCommand::Vacuum(args) => upkeep::vacuum(context, args).await,
        LakeCommand::Verify(args) => verify::run(context, args).await,
        LakeCommand::Quarantine(args) => quarantine::run(context, &args.command).await,
    }
}
