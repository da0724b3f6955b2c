//! Help teaches, and completions exist for every shell.

use crate::house::*;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["scan"],
    &["provision"],
    &["reconfigure"],
    &["reconcile"],
    &["ghosts"],
    &["history"],
    &["export"],
    &["log", "verify"],
    &["log", "merge"],
    &["station", "setup"],
    &["station", "codes"],
    &["station", "run"],
    &["practice", "cloud"],
    &["practice", "device", "serial"],
    &["doctor"],
    &["profile", "add"],
    &["completions"],
];

#[test]
fn every_command_explains_itself_with_examples() {
    for command in COMMANDS {
        let ended = run(program(command.iter()).arg("--help"));
        assert_eq!(ended.status, Some(0), "{command:?}");
        assert!(ended.stdout.contains("Examples:"), "{command:?}: {}", ended.stdout);
        assert!(ended.stdout.contains("firstlight "), "{command:?}");
    }
}

#[test]
fn help_names_the_exit_statuses_and_where_secrets_come_from() {
    let help = run(&mut program(["--help"])).stdout;
    for word in ["Exit status", "130", "FIRSTLIGHT_WIFI_PASSWORD", "--secrets-stdin", "--practice"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = run(&mut program(["completions", shell]));
        assert_eq!(ended.status, Some(0), "{shell}: {}", ended.stderr);
        assert!(ended.stdout.contains("provision"), "{shell}");
    }
}

#[test]
fn the_doctor_gives_each_problem_its_fix() {
    let house = House::new();
    let ended = run(&mut house.program(["doctor", "--server", house.url()]));
    let checks = ended.of("check");
    for check in &checks {
        let well = matches!(check["state"].as_str(), Some("ready" | "skipped"));
        assert!(well || check["fix"].is_string(), "{check}");
    }
    for name in ["state", "serial", "bluetooth", "secrets", "proxy", "cloud", "clock"] {
        assert!(checks.iter().any(|check| check["check"] == name), "{name}: {}", ended.stdout);
    }
}
