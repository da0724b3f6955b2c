//! What only a Bluetooth stack and USB devices can show, in the lab that stands beside the project (`../shared/btlab`).
//!
//! A program of its own, not a set of `#[test]`s: outside the lab it says that its tests were skipped. The scripts in
//! `lab/` run it there: once with a stand-in for BlueZ, once with the real kernel and BlueZ, once for USB. Which of the
//! stack's known quirks each test is about stands in its comment, numbered as in decision 0052.
//!
//! Not here: the dialogues (`proto`), and whole jobs in the lab (`cli`).

#[cfg(target_os = "linux")]
mod contract;
#[cfg(target_os = "linux")]
mod in_the_lab;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    in_the_lab::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
