//! The body of every fuzz target as a plain function, so that any driver can run it: `soak` anywhere, libFuzzer where
//! there is a nightly compiler. A body may do anything with the bytes but panic or run for ever.

pub mod blynk;
pub mod espressif;
pub mod improv;
pub mod zpl;

/// One decoder and what its inputs are mutated from.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Inputs that the decoder understands.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub fn targets() -> Vec<Target> {
    vec![
        Target { name: "blynk-inject-message", run: blynk::inject_message, seeds: blynk::inject_seeds },
        Target {
            name: "blynk-inject-dialogue",
            run: blynk::inject_dialogue,
            seeds: blynk::inject_dialogue_seeds,
        },
        Target { name: "blynk-console-line", run: blynk::console_line, seeds: blynk::console_seeds },
        Target {
            name: "blynk-console-dialogue",
            run: blynk::console_dialogue,
            seeds: blynk::console_dialogue_seeds,
        },
        Target { name: "framing-lines", run: blynk::framing_lines, seeds: blynk::console_seeds },
        Target { name: "improv-serial-frames", run: improv::frames, seeds: improv::frames_seeds },
        Target { name: "improv-ble-result", run: improv::result, seeds: improv::result_seeds },
        Target {
            name: "improv-serial-dialogue",
            run: improv::serial_dialogue,
            seeds: improv::serial_dialogue_seeds,
        },
        Target { name: "improv-ble-dialogue", run: improv::ble_dialogue, seeds: improv::ble_dialogue_seeds },
        Target { name: "espressif-bodies", run: espressif::bodies, seeds: espressif::bodies_seeds },
        Target { name: "espressif-console", run: espressif::console, seeds: espressif::console_seeds },
        Target { name: "espressif-proto-ver", run: espressif::version, seeds: espressif::version_seeds },
        Target { name: "espressif-qr", run: espressif::qr, seeds: espressif::qr_seeds },
        Target { name: "espressif-token", run: espressif::token, seeds: espressif::token_seeds },
        Target { name: "espressif-dialogue", run: espressif::dialogue, seeds: espressif::dialogue_seeds },
        Target { name: "zpl-status", run: zpl::status, seeds: zpl::status_seeds },
    ]
}

/// Bytes as a fuzzer gives them, taken apart piece by piece; past the end there are zeros.
pub struct Input<'i>(pub &'i [u8]);

impl<'i> Input<'i> {
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub fn take(&mut self, length: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Texts one after the other as [`drive`] takes them apart: a length before each.
pub fn session(texts: &[Vec<u8>]) -> Vec<u8> {
    texts
        .iter()
        .flat_map(|text| {
            let text = &text[..text.len().min(0xfe)];
            let length = u8::try_from(text.len()).expect("at most 0xfe");
            std::iter::once(length).chain(text.iter().copied())
        })
        .collect()
}

/// The bytes of golden vectors.
pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("vectors are hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Drives a dialogue with packets that `packet` makes of the input, in between with time, and to the end of each question.
pub fn drive(
    driver: &str,
    opened: &proto::Opened,
    input: &mut Input,
    questions: &[proto::Ask],
    packet: impl Fn(&[u8]) -> proto::Packet,
) {
    let mut now = std::time::Instant::now();
    let driver = proto::driver(driver).expect("a driver of this build");
    let mut dialogue = driver.begin(opened, &proto::DriverSettings::default(), now);
    for question in questions {
        dialogue.ask(question.clone(), now);
        let mut answered = drain(dialogue.as_mut());
        let until = now + std::time::Duration::from_secs(3600);
        while !answered && !input.is_empty() {
            // The first byte says how much comes at once, or that nothing comes until the next deadline.
            match input.byte() {
                0xff => {
                    if let Some(deadline) = dialogue.poll_timeout() {
                        now = now.max(deadline);
                        dialogue.handle_timeout(now);
                    }
                }
                length => {
                    let bytes = input.take(usize::from(length));
                    dialogue.handle_packet(packet(bytes), now);
                }
            }
            answered = drain(dialogue.as_mut());
        }
        // Nothing more comes, so only time can end it, and must.
        while !answered {
            let deadline = dialogue.poll_timeout().expect("an open question has a bound");
            now = now.max(deadline);
            assert!(now < until, "a question stays open for ever");
            dialogue.handle_timeout(now);
            answered = drain(dialogue.as_mut());
        }
    }
    dialogue.handle_lost(now);
}

/// Takes all that there is; true when the question is answered.
fn drain(dialogue: &mut dyn proto::Dialogue) -> bool {
    while dialogue.poll_transmit().is_some() {}
    while dialogue.poll_word().is_some() {}
    dialogue.poll_answer().is_some()
}
