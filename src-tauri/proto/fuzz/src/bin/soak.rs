//! Feeds every target with mutations of its golden inputs and with random bytes, on any compiler, and says how far it got.

use proto_fuzz::{Target, targets};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "soak [--inputs N] [--seed N] [--target NAME] [--replay HEX]";
/// Longer than any message of any protocol here.
const LONGEST: usize = 1024;

struct Wanted {
    inputs: u64,
    seed: u64,
    target: Option<String>,
    replay: Option<Vec<u8>>,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted(std::env::args().skip(1)) else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    let chosen: Vec<Target> = targets()
        .into_iter()
        .filter(|it| wanted.target.as_deref().is_none_or(|name| name == it.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = targets().iter().map(|target| target.name).collect();
        eprintln!("no such target; there are: {}", names.join(", "));
        return ExitCode::from(2);
    }
    // The panic's own words come first, the input that caused it after them.
    for target in &chosen {
        let begun = Instant::now();
        let done = match &wanted.replay {
            Some(input) => feed(target, input).map(|()| 1),
            None => soak(target, &wanted),
        };
        match done {
            Ok(inputs) => {
                println!(
                    "{}: {inputs} inputs, {:.1} s, no panic",
                    target.name,
                    begun.elapsed().as_secs_f64()
                );
            }
            Err(input) => {
                println!("{}: panicked on {}", target.name, hex(&input));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Option<Wanted> {
    let mut wanted = Wanted { inputs: 1_000_000, seed: 1, target: None, replay: None };
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--inputs" => wanted.inputs = value.parse().ok()?,
            "--seed" => wanted.seed = value.parse().ok()?,
            "--target" => wanted.target = Some(value),
            "--replay" => wanted.replay = Some(unhex(&value)?),
            _ => return None,
        }
    }
    Some(wanted)
}

fn soak(target: &Target, wanted: &Wanted) -> Result<u64, Vec<u8>> {
    let seeds = (target.seeds)();
    // The golden inputs themselves come first.
    for seed in &seeds {
        feed(target, seed)?;
    }
    let mut dice = Dice(wanted.seed ^ 0x9e37_79b9_7f4a_7c15);
    for _ in 0..wanted.inputs {
        let input = input(&seeds, &mut dice);
        feed(target, &input)?;
    }
    Ok(wanted.inputs + seeds.len() as u64)
}

/// Runs one input; gives it back if it made the target panic.
fn feed(target: &Target, input: &[u8]) -> Result<(), Vec<u8>> {
    std::panic::catch_unwind(|| (target.run)(input)).map_err(|_| input.to_vec())
}

fn input(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    if seeds.is_empty() || dice.below(16) == 0 {
        let length = dice.below(200);
        return (0..length).map(|_| dice.byte()).collect();
    }
    let mut input = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        mutate(&mut input, seeds, dice);
    }
    input.truncate(LONGEST);
    input
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let end = (at + dice.below(24)).min(input.len());
    match dice.below(9) {
        0 if at < input.len() => input[at] ^= 1 << dice.below(8),
        1 if at < input.len() => input[at] = dice.byte(),
        2 => input.insert(at, dice.byte()),
        3 => drop(input.drain(at..end)),
        4 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        5 => input.truncate(at),
        6 => {
            let other = &seeds[dice.below(seeds.len())];
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(64)).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        7 if at < input.len() => {
            input[at] = *b"\0\n\r>{}[]\":\\ ,\x1b\xff\x80".get(dice.below(16)).unwrap_or(&b' ')
        }
        8 => input.extend_from_slice(&seeds[dice.below(seeds.len())]),
        _ => {}
    }
}

/// SplitMix64: small, seeded, good enough to throw bytes.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 != 0 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
