//! The command line `firstlight`: the engine without a window.
//!
//! Here stands only what typing, printing and ending need; what may be asked is in `api`, what is done in `engine`. Not
//! here: a device's or a cloud's words.

mod arguments;
mod cancel;
mod checkup;
mod commands;
mod ending;
mod face;
mod given;
mod log;
mod profiles;
mod progress;
mod settle;
mod state;
mod world;

use arguments::Arguments;
use clap::Parser;
use commands::Context;
use face::Face;
use std::process::ExitCode;

fn main() -> ExitCode {
    log::tell_mistakes_by_place();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    log::begin(arguments.common.verbose);
    let face = if arguments.common.json { Face::Json } else { Face::Terminal };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            face::note(&format!(
                "The system gives us no threads ({error}). Close other programs and try again."
            ));
            return ExitCode::from(ending::REFUSED);
        }
    };
    let context = Context { common: arguments.common, face };
    // A mistake of ours has been told by its place; whoever called gets a status of the contract all the same.
    let run = std::panic::AssertUnwindSafe(|| runtime.block_on(commands::run(&context, arguments.command)));
    let ended = std::panic::catch_unwind(run);
    // A thread that is stuck in a system call (a port that does not close) must not hold the exit status back.
    runtime.shutdown_background();
    match ended {
        Err(_) => ExitCode::FAILURE,
        Ok(Ok(ending)) => ending.into(),
        Ok(Err(refusal)) => {
            face.refuse(&refusal);
            ExitCode::from(ending::REFUSED)
        }
    }
}

/// The first paragraph of what is wrong with the words, as one sentence.
fn sentence(error: &str) -> String {
    let lines: Vec<&str> = error.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
    let mut letters = text.trim_start_matches("error: ").chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// Help and version are answers; everything else is a refusal, for scripts too.
fn not_understood(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked && std::env::args().any(|word| word == "--json") {
        let what = sentence(&error.to_string());
        let reason = api::lines::ReasonLine {
            code: engine::RefusalCode::Usage.as_str(),
            what,
            fix: "Type `firstlight help` or a command with --help for examples.".to_owned(),
        };
        Face::Json.event("refused", &api::lines::RefusedLine { reasons: vec![reason] });
    }
    // A reader that went away is no reason for another ending.
    let _ = error.print();
    ExitCode::from(if asked { 0 } else { ending::REFUSED })
}
