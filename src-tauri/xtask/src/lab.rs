//! The tests that need real Bluetooth and USB, in the lab: a small virtual machine with the real Linux stack.
//!
//! The lab is not part of this project. Where it is not there, this says so and counts its tests as skipped.

use crate::shell::{Outcome, Stop, cargo, root, run, say};
use std::path::PathBuf;
use std::time::Instant;

/// The lab's command, if the lab is there.
pub fn command() -> Option<PathBuf> {
    let place =
        std::env::var_os("FIRSTLIGHT_BTLAB").map_or_else(|| root().join("../shared/btlab"), PathBuf::from);
    let command = place.join("btlab");
    command.is_file().then_some(command)
}

/// How much of what a script said is told again at the end, if it failed: its report, with what the failed tests said.
const TAIL: usize = 40;

/// Told to the scripts: how often jobs are repeated where once would prove little.
const ROUNDS: &str = "FIRSTLIGHT_LAB_ROUNDS";

/// `[--rounds N] [NAMES]`: these scripts only, and so many rounds in each. Without a number, what a check has time for.
pub fn command_line(arguments: &[String]) -> Outcome {
    let (mut rounds, mut names) = (None, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => {
                let number =
                    rest.next().filter(|number| number.parse::<u32>().is_ok_and(|number| number > 0));
                rounds = Some(number.ok_or_else(|| Stop("--rounds wants a number".into()))?.as_str());
            }
            name if !name.starts_with('-') => names.push(name),
            other => return Err(Stop(format!("lab knows --rounds N and names of scripts, not {other}"))),
        }
    }
    lab(rounds, &names).map(|_| ())
}

/// The scripts, each one run of the lab or more; `src-tauri/link/lab/*.sh` say what they need in their first lines. With
/// names, those whose name contains one of them.
pub fn lab(rounds: Option<&str>, names: &[&str]) -> Outcome<bool> {
    let scripts = scripts(names);
    if scripts.is_empty() {
        return Err(Stop(format!("no script in src-tauri/link/lab is called {}", names.join(" or "))));
    }
    let Some(command) = command() else {
        say(&format!(
            "The lab (../shared/btlab) is not here, so what needs real Bluetooth was not run.\n0 passed, 0 failed, {} skipped",
            scripts.len()
        ));
        return Ok(false);
    };
    let command = command.to_string_lossy().into_owned();
    if run(&command, &["available"]).output().is_none() {
        run(&command, &["setup"]).or("The lab needs root, apt and python3; see its README").go()?;
    }
    run(&cargo(), &["build", "--workspace", "--tests", "--bins"]).go()?;
    let mut failed = Vec::new();
    for script in &scripts {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut script = run("bash", &[&script.to_string_lossy()]).env("BTLAB", &command);
        if let Some(rounds) = rounds {
            script = script.env(ROUNDS, rounds);
        }
        let begun = Instant::now();
        let (said, outcome) = script.tail(TAIL);
        say(&format!("{name}: {} s", begun.elapsed().as_secs()));
        if let Err(stop) = outcome {
            say(&stop.to_string());
            failed.push((name, said));
        }
    }
    say(&format!("lab: {} passed, {} failed", scripts.len() - failed.len(), failed.len()));
    if failed.is_empty() {
        return Ok(true);
    }
    for (name, said) in &failed {
        say(&format!("\n-- the end of {name}, which failed:\n{said}"));
    }
    let names: Vec<String> = failed.into_iter().map(|(name, _)| name).collect();
    Err(Stop(format!("failed in the lab: {}\nAgain, only these: cargo xtask lab {0}", names.join(" "))))
}

fn scripts(names: &[&str]) -> Vec<PathBuf> {
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(root().join("src-tauri/link/lab"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    scripts.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".sh") && (names.is_empty() || names.iter().any(|part| name.contains(part)))
    });
    scripts.sort();
    scripts
}
