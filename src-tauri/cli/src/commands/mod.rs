//! One file per command: what was typed becomes a question to the engine, and its answer a report.

mod batch;
mod completions;
mod doctor;
mod export;
mod ghosts;
mod history;
mod log;
mod practice;
mod profile;
mod provision;
mod reconcile;
mod reconfigure;
mod result;
mod scan;
mod station;
mod units;

use crate::arguments::{Command, Common};
use crate::ending::Ended;
use crate::face::Face;

/// What every command gets.
#[derive(Debug)]
pub struct Context {
    pub common: Common,
    pub face: Face,
}

pub async fn run(context: &Context, command: Command) -> Ended {
    match command {
        Command::Scan(arguments) => scan::run(context, &arguments).await,
        Command::Provision(arguments) => provision::run(context, *arguments).await,
        Command::Reconfigure(arguments) => reconfigure::run(context, &arguments).await,
        Command::Batch(command) => batch::run(context, *command).await,
        Command::Reconcile(_) => reconcile::run(context).await,
        Command::Ghosts(arguments) => ghosts::run(context, &arguments).await,
        Command::Units => units::run(context),
        Command::History(arguments) => history::run(context, &arguments),
        Command::Export(arguments) => export::run(context, &arguments),
        Command::Station(arguments) => station::run(context, arguments).await,
        Command::Log(arguments) => log::run(context, &arguments),
        Command::Practice(arguments) => practice::run(context, &arguments).await,
        Command::Doctor(arguments) => doctor::run(context, &arguments).await,
        Command::Profile(arguments) => profile::run(context, arguments).await,
        Command::Completions { shell } => completions::run(shell),
    }
}
