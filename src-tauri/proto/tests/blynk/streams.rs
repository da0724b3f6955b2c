//! What must hold for any bytes: however a stream is cut, the answers are the same, and nothing panics.

use crate::bench::{PASSWORD, TOKEN, delivery};
use proptest::collection::vec;
use proptest::prelude::*;
use proto::blynk::inject::TX;
use proto::framing::Lines;
use proto::{Ask, Dialogue, DriverSettings, Opened, Packet};
use std::time::{Duration, Instant};

/// Bytes that come near what the decoders look for, and bytes that do not.
fn console_stream() -> impl Strategy<Value = Vec<u8>> {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/blynk-console.json")).expect("the vector file is JSON");
    let lines: Vec<String> = golden["lines"]
        .as_array()
        .expect("cases")
        .iter()
        .map(|case| case["text"].as_str().expect("text").to_owned())
        .collect();
    let piece = prop_oneof![
        8 => proptest::sample::select(lines).prop_map(String::into_bytes),
        2 => Just(b">".to_vec()),
        4 => Just(b"\r\n".to_vec()),
        2 => Just(b"\n".to_vec()),
        1 => Just(format!("connect {TOKEN} {PASSWORD}").into_bytes()),
        2 => vec(any::<u8>(), 0..40),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn cut(stream: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| stream[ends[0]..ends[1]].to_vec()).collect()
}

/// All that a dialogue does with these packets, for four questions in a row.
fn told(driver: &str, packets: &[Packet]) -> Vec<String> {
    let now = Instant::now();
    let driver = proto::driver(driver).expect("a driver of this build");
    let mut dialogue = driver.begin(&Opened::default(), &DriverSettings::default(), now);
    let mut told = Vec::new();
    let questions =
        [Ask::Identify, Ask::Survey, Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")), Ask::Follow];
    for question in questions {
        dialogue.ask(question, now);
        drain(dialogue.as_mut(), &mut told);
        for packet in packets {
            dialogue.handle_packet(packet.clone(), now);
            drain(dialogue.as_mut(), &mut told);
        }
        // Whatever it has heard, it comes to an end.
        let mut later = now;
        for _ in 0..200 {
            let Some(deadline) = dialogue.poll_timeout() else { break };
            later = later.max(deadline);
            dialogue.handle_timeout(later);
            drain(dialogue.as_mut(), &mut told);
        }
        assert_eq!(dialogue.poll_timeout(), None, "every question has a bound");
        assert!(later <= now + Duration::from_secs(140));
    }
    told
}

fn drain(dialogue: &mut dyn Dialogue, told: &mut Vec<String>) {
    while let Some(transmit) = dialogue.poll_transmit() {
        told.push(format!("{transmit:?}"));
    }
    while let Some(word) = dialogue.poll_word() {
        told.push(format!("{word:?}"));
    }
    if let Some(answer) = dialogue.poll_answer() {
        told.push(format!("{answer:?}"));
    }
}

/// The device's words, and everything else, each in its own order.
fn words_apart(told: Vec<String>) -> (Vec<String>, Vec<String>) {
    let other = ["Bytes(", "Ok(", "Err("];
    told.into_iter().partition(|line| !other.iter().any(|start| line.starts_with(start)))
}

proptest! {
    #[test]
    fn any_cut_of_a_stream_gives_the_same_pieces(stream in console_stream(), cuts in vec(any::<usize>(), 0..20)) {
        let pieces = |parts: &[Vec<u8>]| {
            let mut lines = Lines::default();
            for part in parts {
                lines.push(part);
            }
            let mut pieces: Vec<_> = std::iter::from_fn(|| lines.next_piece()).collect();
            pieces.push(proto::framing::Piece::Line(lines.take_unfinished()));
            pieces
        };
        prop_assert_eq!(pieces(&cut(&stream, &cuts)), pieces(&[stream]));
    }

    #[test]
    fn any_cut_of_a_console_stream_gives_the_same_answers(
        stream in console_stream(),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let packets = |parts: Vec<Vec<u8>>| parts.into_iter().map(Packet::Bytes).collect::<Vec<_>>();
        let whole = told("blynk-console", &packets(vec![stream.clone()]));
        let parts = told("blynk-console", &packets(cut(&stream, &cuts)));
        // Words and answers are read as two streams; which one is looked at first within a piece is the reader's choice.
        prop_assert_eq!(words_apart(whole), words_apart(parts));
    }

    #[test]
    fn no_console_stream_brings_a_secret_to_light(stream in console_stream()) {
        for line in told("blynk-console", &[Packet::Bytes(stream)]) {
            prop_assert!(!line.contains(PASSWORD) && !line.contains(TOKEN), "{}", line);
        }
    }

    #[test]
    fn no_inject_message_does_harm(messages in vec(vec(any::<u8>(), 0..200), 0..20)) {
        let packets: Vec<_> =
            messages.into_iter().map(|bytes| Packet::Notified { channel: TX, bytes }).collect();
        told("blynk-inject", &packets);
    }

    #[test]
    fn any_order_of_inject_messages_does_no_harm(order in vec(any::<prop::sample::Index>(), 0..30)) {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/blynk-inject.json")).expect("the vector file is JSON");
        let messages = golden["messages"].as_array().expect("cases");
        let packets: Vec<_> = order
            .iter()
            .map(|at| messages[at.index(messages.len())]["text"].as_str().expect("text").as_bytes().to_vec())
            .map(|bytes| Packet::Notified { channel: TX, bytes })
            .collect();
        told("blynk-inject", &packets);
    }
}
