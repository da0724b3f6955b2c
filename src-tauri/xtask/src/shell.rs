//! Running other programs so that a person can see what is run, and is told what to do when it cannot be.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why we stop, as a sentence that says what to do.
#[derive(Debug)]
pub struct Stop(pub String);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub type Outcome<T = ()> = Result<T, Stop>;

/// The folder that holds the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("xtask lies two folders below the root")
        .to_owned()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A program in a folder, shown before it is run.
pub struct Run {
    command: Command,
    shown: String,
    fix: Option<String>,
}

pub fn run(program: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    let name = Path::new(program).file_name().map_or(program.into(), |name| name.to_string_lossy());
    Run { command, shown: format!("{name} {}", arguments.join(" ")), fix: None }
}

impl Run {
    pub fn within(mut self, dir: impl AsRef<Path>) -> Run {
        self.command.current_dir(root().join(dir));
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    /// What to do when it fails.
    pub fn or(mut self, fix: impl Into<String>) -> Run {
        self.fix = Some(fix.into());
        self
    }

    pub fn go(mut self) -> Outcome {
        say(&format!("$ {}", self.shown));
        let status = self.command.stdin(Stdio::null()).status().map_err(|error| {
            Stop(format!("`{}` cannot be started: {error}{}", self.shown, hint(&self.fix)))
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(Stop(format!("`{}` ended with {status}{}", self.shown, hint(&self.fix))))
        }
    }

    /// Shows all that it prints, on either stream, and gives the last lines of it beside the end: of a long run only these
    /// are read, or kept.
    pub fn tail(mut self, lines: usize) -> (String, Outcome) {
        say(&format!("$ {}", self.shown));
        let mut last = VecDeque::new();
        let mut follow = || -> std::io::Result<std::process::ExitStatus> {
            let (said, mouth) = std::io::pipe()?;
            self.command.stdin(Stdio::null()).stdout(mouth.try_clone()?).stderr(mouth);
            let mut child = self.command.spawn()?;
            // The command keeps its ends of the pipe, and would keep us reading.
            self.command.stdout(Stdio::null()).stderr(Stdio::null());
            for line in BufReader::new(said).split(b'\n') {
                let line = String::from_utf8_lossy(&line?).into_owned();
                say(&line);
                last.push_back(line);
                if last.len() > lines {
                    last.pop_front();
                }
            }
            child.wait()
        };
        let outcome = match follow() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Stop(format!("`{}` ended with {status}{}", self.shown, hint(&self.fix)))),
            Err(error) => {
                Err(Stop(format!("`{}` cannot be followed: {error}{}", self.shown, hint(&self.fix))))
            }
        };
        (Vec::from(last).join("\n"), outcome)
    }

    /// For a program that a person uses: it gets the terminal.
    pub fn hand_over(mut self) -> Outcome {
        say(&format!("$ {}", self.shown));
        let status = self.command.status().map_err(|error| {
            Stop(format!("`{}` cannot be started: {error}{}", self.shown, hint(&self.fix)))
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(Stop(format!("`{}` ended with {status}{}", self.shown, hint(&self.fix))))
        }
    }

    /// Standard output, quietly; `None` when it cannot be run or fails.
    pub fn output(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn hint(fix: &Option<String>) -> String {
    fix.as_ref().map(|fix| format!(". {fix}")).unwrap_or_default()
}

pub fn say(line: &str) {
    println!("{line}");
}

pub fn found(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .any(|dir| dir.join(program).is_file() || dir.join(format!("{program}.cmd")).is_file())
    })
}
