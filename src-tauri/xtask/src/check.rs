//! `cargo xtask check`: all that CI runs, and nothing that it does not.

use crate::shell::{Outcome, Stop, cargo, root, run, say, target};
use crate::{lab, package, setup, start, tidy};
use std::time::Instant;

type Part = (&'static str, &'static str, fn() -> Outcome);

const PARTS: &[Part] = &[
    ("format", "Rust formatting", format),
    ("tidy", "the house rules: who may import whom, and what may not be written", tidy::tidy),
    ("ui", "the UI: formatting, lint, types, tests, build", ui),
    ("lint", "clippy, warnings are errors", lint),
    ("test", "the Rust tests, among them 250 kills at random moments", test),
    ("window", "the built app in its real window", window),
    (
        "package",
        "the package: installed into a copy of this system, opened, removed without a trace",
        packaged,
    ),
    ("fuzz", "every decoder, a short soak", short_fuzz),
    ("lab", "real Bluetooth and USB, where the lab is", || lab::lab(None, &[]).map(|_| ())),
];

pub fn check(arguments: &[String]) -> Outcome {
    let mut only: Option<Vec<String>> = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--list" => {
                for (name, what, _) in PARTS {
                    say(&format!("{name:10} {what}"));
                }
                return Ok(());
            }
            "--only" => {
                let names =
                    rest.next().ok_or_else(|| Stop("--only wants names, separated by commas".into()))?;
                only = Some(names.split(',').map(str::to_owned).collect());
            }
            other => return Err(Stop(format!("check knows --only NAMES and --list, not {other}"))),
        }
    }
    let chosen: Vec<&Part> = PARTS
        .iter()
        .filter(|(name, ..)| only.as_ref().is_none_or(|only| only.iter().any(|o| o == name)))
        .collect();
    if let Some(unknown) = only.iter().flatten().find(|name| !PARTS.iter().any(|(known, ..)| known == name)) {
        return Err(Stop(format!("there is no part {unknown}; `cargo xtask check --list` names them")));
    }
    setup::everything()?;
    let begun = Instant::now();
    for (name, what, part) in &chosen {
        let started = Instant::now();
        say(&format!("\n== {name}: {what}"));
        part().map_err(|stop| {
            Stop(format!("{name} failed: {stop}\nAgain, only this part: cargo xtask check --only {name}"))
        })?;
        say(&format!("== {name}: fine ({} s)", started.elapsed().as_secs()));
    }
    say(&format!("\nAll {} parts are fine ({} s).", chosen.len(), begun.elapsed().as_secs()));
    Ok(())
}

fn format() -> Outcome {
    run(&cargo(), &["fmt", "--all", "--check"]).or("Run `cargo fmt --all`").go()
}

fn lint() -> Outcome {
    needs_ui_build()?;
    // With what the bench feeds the window with, which nothing else compiles.
    let lint = ["clippy", "--workspace", "--all-targets", "--features", "firstlight/feed"];
    run(&cargo(), &[&lint[..], &["--", "--deny", "warnings"]].concat()).go()
}

fn test() -> Outcome {
    needs_ui_build()?;
    // The crash tests run with their full number of kills; a plain `cargo test` makes only a few.
    run(&cargo(), &["test", "--workspace"])
        .env("FIRSTLIGHT_KILLS", "200")
        .env("FIRSTLIGHT_BATCH_KILLS", "50")
        .go()
}

/// The app's own crate embeds the built UI, so its folder must exist even where the UI is not looked at.
fn needs_ui_build() -> Outcome {
    if root().join("ui/build/index.html").is_file() {
        Ok(())
    } else {
        run("npm", &["run", "build"]).within("ui").go()
    }
}

fn ui() -> Outcome {
    for script in ["format:check", "lint", "types", "test", "build"] {
        run("npm", &["run", "--silent", script]).within("ui").go()?;
    }
    Ok(())
}

pub fn write_bindings() -> Outcome {
    run(&cargo(), &["run", "--quiet", "--package", "api", "--example", "bindings"]).go()
}

pub fn write_recordings() -> Outcome {
    run(&cargo(), &["run", "--quiet", "--package", "api", "--example", "recordings"]).go()
}

fn window() -> Outcome {
    start::build_app()?;
    run("npm", &["run", "--silent", "test:window"]).within("ui").go()
}

/// From the debug build: a release build takes longer than all other parts together.
fn packaged() -> Outcome {
    if !package::can_try() {
        say(
            "Trying a package needs root and dpkg, so it was not tried. By hand: sudo -E cargo xtask package --try",
        );
        return Ok(());
    }
    start::build_app()?;
    package::attempt()
}

/// The pictures of the README; everything else that the window tests leave stays in the target folder.
const PICTURES: &[&str] = &[
    "provision-devices",
    "provision-setup",
    "provision-passed",
    "provision-failed",
    "batch-running-light",
    "batch-stop-dark",
];

pub fn screenshots() -> Outcome {
    window()?;
    for name in PICTURES {
        let (from, to) = (
            target().join(format!("screenshots/{name}.png")),
            root().join(format!("docs/images/{name}.png")),
        );
        std::fs::create_dir_all(root().join("docs/images"))
            .and_then(|()| std::fs::copy(&from, &to))
            .map_err(|error| Stop(format!("{} cannot be copied to docs/images: {error}", from.display())))?;
    }
    Ok(())
}

fn short_fuzz() -> Outcome {
    fuzz(&["--inputs".to_owned(), "100000".to_owned()])
}

/// The fuzz targets lie in a workspace of their own; their bodies are fed seeded mutations of the golden vectors.
pub fn fuzz(arguments: &[String]) -> Outcome {
    let inputs = match arguments {
        [] => "1000000",
        [flag, n] if flag == "--inputs" && n.parse::<u64>().is_ok() => n,
        _ => return Err(Stop("fuzz takes --inputs N".into())),
    };
    run(&cargo(), &["run", "--release", "--bin", "soak", "--", "--inputs", inputs])
        .within("src-tauri/proto/fuzz")
        .go()
}
