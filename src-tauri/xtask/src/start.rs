//! `cargo xtask start`: from a fresh machine to an app that works, in practice mode.

use crate::licences;
use crate::setup;
use crate::shell::{Outcome, cargo, run, say, target};

pub fn start(_arguments: &[String]) -> Outcome {
    setup::for_the_app()?;
    let display = !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if !display {
        say("There is no display, so practice runs in the terminal.");
        // With the whole workspace's features, so that nothing is built twice when the checks follow.
        run(&cargo(), &["build", "--workspace", "--bin", "firstlight"]).go()?;
        let program = target().join("debug/firstlight");
        return run(&program.to_string_lossy(), &["--practice", "provision", "--any"]).hand_over();
    }
    build_app()?;
    let program = target().join("debug/firstlight-desktop");
    run(&program.to_string_lossy(), &["--practice"]).hand_over()
}

/// The app with its UI inside, as a debug build: what `start` opens and the window tests drive.
pub fn build_app() -> Outcome {
    licences::write()?;
    run("npm", &["run", "build"]).within("ui").go()?;
    // The whole workspace, so that what the checks built serves here too.
    run(&cargo(), &["build", "--workspace", "--bins", "--features", "firstlight/custom-protocol"]).go()
}
