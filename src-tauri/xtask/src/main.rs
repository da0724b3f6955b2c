//! Our own tools: `cargo xtask start`, `check` and the rest. Standard library only, so that the first command on a fresh
//! machine is compiled in seconds.

mod bench;
mod check;
mod lab;
mod licences;
mod package;
mod setup;
mod shell;
mod start;
mod tidy;
#[cfg(unix)]
mod xcheck;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  start              install what is missing, build, and open the app in practice mode (terminal if there is no display)
  check              install what is missing, then run every check and every test
    --only NAMES     only these parts, separated by commas: format, tidy, ui, lint, test, window, package, fuzz, lab
    --list           say which parts there are
  setup              only install what is missing
  bindings           write the TypeScript types of the views to ui/src/lib/backend/bindings
  package [--try]    build the .deb and the .rpm; --try: pack the debug build, install it into a copy of this system,
                     open its window and remove it again
  screenshots        play the window tests and take the README's pictures from them
  recordings         let the engine play the practice world, and write what the window was told to
                     ui/src/lib/backend/recordings
  licences           write the list of libraries and licences that the app shows (each build of the app does)
  lab [NAMES]        run the tests that need the Bluetooth and USB lab (../shared/btlab, or FIRSTLIGHT_BTLAB)
    --rounds N       bring each device to first light so many times in a row (default: what a check has time for)
  xcheck [NAMES]     type-check the Rust code for windows and macos, on Debian; nothing is linked or run
  fuzz [--inputs N]  feed every decoder N inputs (default 1000000)
  bench [NAMES]      measure; figures are printed, never asserted. Only when named: peers (beside reference clients, which
                     it installs into target/peers) and app (the release build in its real window; builds it twice)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match arguments.first().map(String::as_str) {
        Some("start") => start::start(rest),
        Some("check") => check::check(rest),
        Some("setup") => setup::everything().map(|_| ()),
        Some("bindings") => check::write_bindings(),
        Some("screenshots") => setup::everything().and_then(|()| check::screenshots()),
        Some("recordings") => check::write_recordings(),
        Some("package") => setup::everything().and_then(|()| package::package(rest)),
        Some("licences") => licences::write(),
        Some("lab") => lab::command_line(rest),
        #[cfg(unix)]
        Some("xcheck") => xcheck::xcheck(rest),
        Some("fuzz") => check::fuzz(rest),
        Some("bench") => bench::bench(rest),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("\nxtask: {stop}");
            ExitCode::FAILURE
        }
    }
}
