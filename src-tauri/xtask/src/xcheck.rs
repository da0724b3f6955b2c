//! Type-checks the Rust code for Windows and macOS, on Debian, without either: nothing is linked, and nothing runs.
//!
//! Rust's own standard libraries for other systems come by rustup. Where that cannot be had, Debian's compiler for its web
//! browsers brings the library's source, from which cargo builds what a check needs. It is unpacked below `target/xcheck`
//! and never installed. By hand only: it is another version of Rust than the project's, so its lints are not ours, and it
//! takes ten minutes.

use crate::setup;
use crate::shell::{Outcome, Stop, cargo, found, run, say, target};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Unpacked, not installed.
const COMPILER: &[&str] = &["rustc-web", "libstd-rust-web-dev", "rust-web-src"];

/// The targets, by the word that chooses one.
const TARGETS: &[(&str, &str)] = &[("windows", "x86_64-pc-windows-gnu"), ("macos", "aarch64-apple-darwin")];

/// `[windows] [macos]`: these only.
pub fn xcheck(names: &[String]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| TARGETS.iter().all(|(known, _)| known != name)) {
        return Err(Stop(format!("xcheck knows windows and macos, not {unknown}")));
    }
    if !found("apt-get") {
        return Err(Stop(
            "xcheck takes its compiler from Debian's packages, and there is no apt here. Elsewhere: rustup target add \
             x86_64-pc-windows-gnu aarch64-apple-darwin, then cargo check --workspace --target each of them"
                .into(),
        ));
    }
    setup::everything()?;
    let place = target().join("xcheck");
    let compiler = compiler(&place)?;
    // The window's pages are compiled in.
    run("npm", &["--prefix", "ui", "run", "--silent", "build"]).go()?;
    for (name, triple) in TARGETS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        say(&format!("type-checking for {name}"));
        let mut check = run(
            &cargo(),
            &["check", "--workspace", "-Zbuild-std=std,panic_abort,panic_unwind", "--target", triple],
        )
        .env("RUSTC", &compiler)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", place.join("target"));
        if *name == "windows" {
            setup::for_windows()?;
        } else {
            // C code is not checked, and nothing is linked: what compiles it only has to leave a file behind.
            let mimic = script(
                &place.join("no-compiler"),
                "while [ $# -gt 0 ]; do case $1 in -o) shift; : >\"$1\" ;; *.a) : >\"$1\" ;; esac; shift; done",
            )?;
            for tool in ["CC", "CXX", "AR", "RANLIB"] {
                check = check.env(&format!("{tool}_aarch64_apple_darwin"), &mimic);
            }
            let sdk = place.join("MacOSX.platform/Developer/SDKs/MacOSX.sdk");
            made(fs::create_dir_all(&sdk), &sdk)?;
            check = check.env("SDKROOT", sdk);
        }
        check.go()?;
    }
    Ok(())
}

/// Debian's compiler with the source of its library, unpacked once; the way to call it.
fn compiler(place: &Path) -> Outcome<std::path::PathBuf> {
    let unpacked = place.join("rust");
    let whole = place.join("unpacked");
    if !whole.exists() {
        made(fs::create_dir_all(&unpacked), &unpacked)?;
        // The library itself and LLVM have their version in the name.
        let needs = run("apt-cache", &["depends", "rustc-web", "libstd-rust-web-dev"]).output();
        let needs = needs
            .ok_or_else(|| Stop("apt-cache does not answer; run apt-get update, then this again".into()))?;
        let mut packages: Vec<String> = COMPILER.iter().map(|&name| name.to_owned()).collect();
        packages.extend(named(&needs, "libstd-rust-web-"));
        let library = packages.last().cloned().unwrap_or_default();
        let needs = run("apt-cache", &["depends", &library]).output().unwrap_or_default();
        packages.extend(named(&needs, "libllvm"));
        packages.sort();
        packages.dedup();
        say(&format!("unpacking into {}, without installing: {}", unpacked.display(), packages.join(" ")));
        let mut download = vec!["download", "-q"];
        download.extend(packages.iter().map(String::as_str));
        run("apt-get", &download)
            .within(place)
            .or("Debian 12 with its security updates has them; run apt-get update, then this again")
            .go()?;
        for package in made(fs::read_dir(place), place)?.flatten() {
            let path = package.path();
            if path.extension().is_some_and(|ending| ending == "deb") {
                run("dpkg", &["-x", &path.to_string_lossy(), &unpacked.to_string_lossy()]).go()?;
                made(fs::remove_file(&path), &path)?;
            }
        }
        made(fs::write(&whole, ""), &whole)?;
    }
    let root = unpacked.to_string_lossy();
    script(
        &place.join("rustc"),
        &format!(
            "export LD_LIBRARY_PATH={root}/usr/lib:{root}/usr/lib/x86_64-linux-gnu\nexec {root}/usr/bin/rustc \"$@\""
        ),
    )
}

fn named<'a>(depends: &'a str, start: &'a str) -> impl Iterator<Item = String> + 'a {
    depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .filter(move |name| name.starts_with(start))
        .map(str::to_owned)
}

/// Writes a program of a few lines.
fn script(path: &Path, lines: &str) -> Outcome<std::path::PathBuf> {
    made(fs::write(path, format!("#!/bin/sh\n{lines}\n")), path)?;
    made(fs::set_permissions(path, fs::Permissions::from_mode(0o755)), path)?;
    Ok(path.to_owned())
}

fn made<T>(result: std::io::Result<T>, path: &Path) -> Outcome<T> {
    result.map_err(|error| Stop(format!("{}: {error}", path.display())))
}
