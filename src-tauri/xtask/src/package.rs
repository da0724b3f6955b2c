//! `cargo xtask package`: the .deb and the .rpm, with the command line, its completions and all that a desktop wants.
//! `--try` packs the debug build that is there already, installs it into a copy of this system, opens the window from the
//! desktop entry, removes it again and looks for traces.
//!
//! Windows, macOS and AppImage are packed by the release workflow, on machines of their own.

use crate::shell::{Outcome, Stop, cargo, found, root, run, say, target};
use crate::{licences, setup, start};
use std::path::{Path, PathBuf};

const FROM: &str = "src-tauri/desktop/packaging";

pub fn package(arguments: &[String]) -> Outcome {
    match arguments {
        [] => build().map(|_| ()),
        [flag] if flag == "--try" => {
            if !target().join("debug/firstlight-desktop").is_file() {
                start::build_app()?;
            }
            attempt()
        }
        _ => Err(Stop("package takes --try or nothing".into())),
    }
}

/// Builds for release what is shipped, and packs it.
pub fn build() -> Outcome<Vec<PathBuf>> {
    setup::for_packages()?;
    licences::write()?;
    run("npm", &["run", "build"]).within("ui").go()?;
    let build = ["build", "--release", "--workspace", "--bins", "--features", "firstlight/custom-protocol"];
    run(&cargo(), &build).go()?;
    bundle("release")
}

/// Packs the newest debug build and tries the package out.
pub fn attempt() -> Outcome {
    let packages = bundle("debug")?;
    let deb = packages
        .iter()
        .find(|path| path.extension().is_some_and(|ext| ext == "deb"))
        .ok_or_else(|| Stop("the bundler left no .deb".into()))?;
    run("desktop-file-validate", &[&in_stage("root/usr/share/applications/firstlight.desktop", deb)?])
        .go()?;
    let metainfo = format!("{FROM}/io.firstlight.desktop.metainfo.xml");
    run("appstreamcli", &["validate", "--no-net", &metainfo]).go()?;
    let deb = deb.to_string_lossy().into_owned();
    run("bash", &["src-tauri/desktop/packaging/try.sh", &deb]).go()
}

/// Unpacks the package beside itself, and names a file in it.
fn in_stage(file: &str, deb: &Path) -> Outcome<String> {
    let stage = target().join("package");
    let (from, to) = (deb.to_string_lossy().into_owned(), stage.join("root").to_string_lossy().into_owned());
    run("dpkg-deb", &["--extract", &from, &to]).go()?;
    Ok(stage.join(file).to_string_lossy().into_owned())
}

fn bundle(profile: &str) -> Outcome<Vec<PathBuf>> {
    let stage = target().join("package");
    let failed = |error: std::io::Error| Stop(format!("{} cannot be written: {error}", stage.display()));
    if stage.exists() {
        std::fs::remove_dir_all(&stage).map_err(failed)?;
    }
    std::fs::create_dir_all(&stage).map_err(failed)?;
    let cli = target().join(profile).join("firstlight");
    let mut files = vec![
        ("/usr/bin/firstlight".to_owned(), cli.clone()),
        (
            "/usr/lib/udev/rules.d/70-firstlight.rules".to_owned(),
            root().join(FROM).join("70-firstlight.rules"),
        ),
        (
            "/usr/share/metainfo/io.firstlight.desktop.metainfo.xml".to_owned(),
            root().join(FROM).join("io.firstlight.desktop.metainfo.xml"),
        ),
    ];
    for licence in ["LICENSE.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        files.push((format!("/usr/share/doc/firstlight/{licence}"), root().join(licence)));
    }
    for (shell, place) in [
        ("bash", "/usr/share/bash-completion/completions/firstlight"),
        ("zsh", "/usr/share/zsh/vendor-completions/_firstlight"),
        ("fish", "/usr/share/fish/vendor_completions.d/firstlight.fish"),
    ] {
        let said = run(&cli.to_string_lossy(), &["completions", shell])
            .output()
            .ok_or_else(|| Stop(format!("{} gives no completions for {shell}", cli.display())))?;
        let file = stage.join(shell);
        std::fs::write(&file, said).map_err(failed)?;
        files.push((place.to_owned(), file));
    }
    let files: Vec<String> = files
        .iter()
        .map(|(place, file)| format!("\"{place}\":\"{}\"", file.to_string_lossy().replace('\\', "/")))
        .collect();
    let files = files.join(",");
    let config = format!(
        "{{\"bundle\":{{\"linux\":{{\"deb\":{{\"files\":{{{files}}}}},\"rpm\":{{\"files\":{{{files}}}}}}}}}}}"
    );
    let config_file = stage.join("bundle.json");
    std::fs::write(&config_file, config).map_err(failed)?;
    let tauri = root().join("ui/node_modules/.bin/tauri").to_string_lossy().into_owned();
    let config_file = config_file.to_string_lossy().into_owned();
    match profile {
        "debug" => {
            run(&tauri, &["bundle", "--bundles", "deb,rpm", "--config", &config_file, "--debug"]).go()?;
        }
        _ => run(&tauri, &["bundle", "--bundles", "deb", "--config", &config_file]).go()?,
    }
    let mut packages = Vec::new();
    for kind in ["deb", "rpm"] {
        let folder = target().join(profile).join("bundle").join(kind);
        for entry in std::fs::read_dir(&folder).map_err(failed)?.flatten() {
            if entry.path().extension().is_some_and(|ext| ext == kind) {
                if kind == "deb" && profile == "release" {
                    compress(&entry.path(), &stage.join("deb"))?;
                    rpm(&stage.join("deb"), &stage.join("rpm"))?;
                }
                let size = std::fs::metadata(entry.path()).map_or(0, |meta| meta.len());
                say(&format!("{}: {:.2} MB", entry.path().display(), size as f64 / 1e6));
                packages.push(entry.path());
            }
        }
    }
    Ok(packages)
}

/// Packs the same files as an .rpm. The bundler compresses each file by itself, so that what the two programs share is in its
/// package twice; rpmbuild compresses them in one go, and asks for the libraries by their own names, which fits every
/// distribution.
fn rpm(files: &Path, work: &Path) -> Outcome {
    let out = target().join("release/bundle/rpm");
    let failed = |error: std::io::Error| Stop(format!("{} cannot be written: {error}", work.display()));
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(failed)?;
    }
    std::fs::create_dir_all(work).map_err(failed)?;
    let mut list = Vec::new();
    listed(&files.join("usr"), files, &mut list).map_err(failed)?;
    let spec = format!(
        "Name: firstlight\nVersion: {}\nRelease: 1\nSummary: Brings IoT devices to first light\n\
         License: MIT OR Apache-2.0\nRequires: dbus-libs\n\n%description\nFetches a provision token, hands it to a \
         device together with Wi-Fi, and follows the device until the cloud has seen it.\n\n\
         %install\ncp -a '{}/usr' %{{buildroot}}/\n\n%files\n%defattr(-,root,root)\n{}\n",
        env!("CARGO_PKG_VERSION"),
        files.display(),
        list.join("\n"),
    );
    let spec_file = work.join("firstlight.spec");
    std::fs::write(&spec_file, spec).map_err(failed)?;
    let (spec, top, out) = (spec_file.to_string_lossy(), work.to_string_lossy(), out.to_string_lossy());
    let defined = [
        format!("_topdir {top}"),
        format!("_rpmdir {out}"),
        "_rpmfilename firstlight-%{VERSION}-%{RELEASE}.%{ARCH}.rpm".to_owned(),
        "_binary_payload w9.xzdio".to_owned(),
        "_build_id_links none".to_owned(),
        // The programs are stripped, and nothing else is to be changed.
        "__os_install_post %{nil}".to_owned(),
        "debug_package %{nil}".to_owned(),
    ];
    let mut arguments = vec!["-bb", "--quiet"];
    defined.iter().for_each(|definition| arguments.extend(["--define", definition.as_str()]));
    arguments.push(&spec);
    run("rpmbuild", &arguments).or("Install rpmbuild (the Debian package rpm) and run this again").go()
}

/// The files of a package, as they will lie on a computer.
fn listed(dir: &Path, base: &Path, list: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)?.flatten() {
        match entry.file_type()?.is_dir() {
            true => listed(&entry.path(), base, list)?,
            false => {
                let path = entry.path();
                let within = path.strip_prefix(base).unwrap_or(&path).display().to_string();
                list.push(format!("\"/{within}\""));
            }
        }
    }
    list.sort();
    Ok(())
}

/// Packs a .deb anew with what Debian's own packages are packed with; the bundler knows gzip only.
fn compress(deb: &Path, folder: &Path) -> Outcome {
    if !found("dpkg-deb") {
        say("Without dpkg-deb the .deb stays as large as the bundler makes it.");
        return Ok(());
    }
    let (deb, folder) = (deb.to_string_lossy(), folder.to_string_lossy());
    run("dpkg-deb", &["--raw-extract", &deb, &folder]).go()?;
    run("dpkg-deb", &["--root-owner-group", "-Zxz", "-z9", "-Sextreme", "--build", &folder, &deb]).go()
}

/// Whether a package can be tried here: that needs root for a copy of the system.
pub fn can_try() -> bool {
    found("dpkg") && run("id", &["-u"]).output().is_some_and(|id| id.trim() == "0")
}
