//! `cargo xtask bench app`: what the shipped app weighs, and what it costs in its real window (`ui/e2e/bench.mjs`).
//!
//! Two programs are built for release: the shipped one, and one that feeds itself (feature `feed`), which lies apart in
//! `target/bench` so that no package can ever get it.

use crate::shell::{Outcome, Stop, cargo, root, run, say, target};
use crate::{licences, package, setup};
use std::path::{Path, PathBuf};

pub fn app() -> Outcome {
    setup::everything()?;
    let fed = fed()?;
    let packages = package::build()?;
    let shipped = target().join("release/firstlight-desktop");
    for path in [&shipped, &target().join("release/firstlight")].into_iter().chain(&packages) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        say(&format!("{name:52} {:9.2} MB", size(path)? / 1e6));
    }
    let text = |path: &Path| root().join(path).to_string_lossy().into_owned();
    run("node", &["e2e/bench.mjs", &text(&shipped), &text(&fed)]).within("ui").go()
}

fn fed() -> Outcome<PathBuf> {
    licences::write()?;
    run("npm", &["run", "build"]).within("ui").go()?;
    let features = "firstlight/custom-protocol,firstlight/feed";
    let build = ["build", "--release", "--workspace", "--bin", "firstlight-desktop", "--features", features];
    run(&cargo(), &build).go()?;
    let (from, to) = (target().join("release/firstlight-desktop"), target().join("bench/firstlight-desktop"));
    std::fs::create_dir_all(target().join("bench"))
        .and_then(|()| std::fs::copy(&from, &to))
        .map_err(|error| Stop(format!("{} cannot be copied: {error}", from.display())))?;
    Ok(to)
}

fn size(path: &Path) -> Outcome<f64> {
    let meta = std::fs::metadata(path)
        .map_err(|error| Stop(format!("{} cannot be read: {error}", path.display())))?;
    Ok(meta.len() as f64)
}
