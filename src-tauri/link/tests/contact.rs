//! The loop in which bytes, clock and cancel meet, on a paused clock with a link and a dialogue made up for it.

use async_trait::async_trait;
use link::{Contact, ContactError, Link, LinkError};
use proto::{Answer, Ask, DeviceWord, Dialogue, Opened, Packet, ProtocolError, Transmit};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(5);

/// The far end is in the test's hand.
struct TestLink {
    opened: Opened,
    sent: mpsc::UnboundedSender<Vec<u8>>,
    said: mpsc::UnboundedReceiver<Packet>,
    closed: Arc<Mutex<bool>>,
}

#[async_trait]
impl Link for TestLink {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError> {
        let Transmit::Bytes(bytes) = transmit else { panic!("{transmit:?}") };
        self.sent.send(bytes).map_err(|_| LinkError::Lost)
    }

    async fn recv(&mut self) -> Result<Packet, LinkError> {
        self.said.recv().await.ok_or(LinkError::Lost)
    }

    async fn close(self: Box<Self>) {
        *self.closed.lock().expect("nobody panics with it") = true;
    }
}

/// Sends `who?`, takes `ok` for an answer and every other packet for a word.
#[derive(Default)]
struct TestDialogue {
    transmits: Vec<Transmit>,
    words: Vec<DeviceWord>,
    answer: Option<Result<Answer, ProtocolError>>,
    deadline: Option<Instant>,
    /// What a loss means to this protocol.
    loss_is_an_answer: bool,
}

impl Dialogue for TestDialogue {
    fn ask(&mut self, _ask: Ask, now: Instant) {
        self.transmits.push(Transmit::Bytes(b"who?".to_vec()));
        self.deadline = Some(now + PATIENCE);
    }

    fn handle_packet(&mut self, packet: Packet, now: Instant) {
        match packet {
            Packet::Bytes(bytes) if bytes == b"ok" => self.answer = Some(Ok(Answer::Done)),
            Packet::Bytes(bytes) => {
                self.words.push(DeviceWord::Said { text: String::from_utf8_lossy(&bytes).into_owned() });
                self.deadline = Some(now + PATIENCE);
            }
            other => panic!("{other:?}"),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.answer = Some(Err(ProtocolError::Silent { to: "who" }));
        }
    }

    fn handle_lost(&mut self, _now: Instant) {
        if self.loss_is_an_answer {
            self.words.push(DeviceWord::Restarted);
            self.answer = Some(Ok(Answer::Done));
        }
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    fn poll_word(&mut self) -> Option<DeviceWord> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    fn poll_answer(&mut self) -> Option<Result<Answer, ProtocolError>> {
        self.answer.take()
    }
}

struct Bench {
    contact: Contact,
    sent: mpsc::UnboundedReceiver<Vec<u8>>,
    says: Option<mpsc::UnboundedSender<Packet>>,
    closed: Arc<Mutex<bool>>,
    cancel: CancellationToken,
    words: Vec<DeviceWord>,
}

impl Bench {
    fn new(dialogue: TestDialogue) -> Bench {
        let (to_device, sent) = mpsc::unbounded_channel();
        let (says, said) = mpsc::unbounded_channel();
        let closed = Arc::new(Mutex::new(false));
        let link = TestLink { opened: Opened::default(), sent: to_device, said, closed: closed.clone() };
        let contact = Contact::new(Box::new(link), |_, _| Box::new(dialogue));
        Bench { contact, sent, says: Some(says), closed, cancel: CancellationToken::new(), words: Vec::new() }
    }

    fn says(&self, bytes: &[u8]) {
        self.says.as_ref().expect("it is there").send(Packet::Bytes(bytes.to_vec())).expect("a link");
    }

    fn vanishes(&mut self) {
        self.says = None;
    }

    async fn ask(&mut self) -> Result<Answer, ContactError> {
        let words = &mut self.words;
        self.contact.ask(Ask::Blink, &self.cancel, &mut |word| words.push(word)).await
    }
}

fn said(text: &str) -> DeviceWord {
    DeviceWord::Said { text: text.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_with_the_words_before_it() {
    let mut bench = Bench::new(TestDialogue::default());
    for bytes in [&b"well"[..], b"let me see", b"ok"] {
        bench.says(bytes);
    }
    assert_eq!(bench.ask().await, Ok(Answer::Done));
    assert_eq!(bench.words, [said("well"), said("let me see")]);
    assert_eq!(bench.sent.recv().await, Some(b"who?".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_device_is_given_up_at_the_dialogues_deadline() {
    let mut bench = Bench::new(TestDialogue::default());
    let start = tokio::time::Instant::now();
    assert_eq!(bench.ask().await, Err(ContactError::Protocol(ProtocolError::Silent { to: "who" })));
    assert_eq!(start.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_word_moves_the_deadline_when_the_dialogue_says_so() {
    let mut bench = Bench::new(TestDialogue::default());
    let says = bench.says.take().expect("it is there");
    let start = tokio::time::Instant::now();
    let device = tokio::spawn(async move {
        tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
        says.send(Packet::Bytes(b"wait".to_vec())).expect("a link");
        says.closed().await;
    });
    assert_eq!(bench.ask().await, Err(ContactError::Protocol(ProtocolError::Silent { to: "who" })));
    assert_eq!(start.elapsed(), 2 * PATIENCE - Duration::from_secs(1));
    drop(bench.contact);
    device.await.expect("the device");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_question_ends_at_once_and_the_link_can_still_be_closed() {
    let mut bench = Bench::new(TestDialogue::default());
    let cancel = bench.cancel.clone();
    let start = tokio::time::Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancel.cancel();
    });
    assert_eq!(bench.ask().await, Err(ContactError::Cancelled));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert!(!*bench.closed.lock().expect("nobody panics with it"));
    bench.contact.close().await;
    assert!(*bench.closed.lock().expect("nobody panics with it"));
}

#[tokio::test(start_paused = true)]
async fn cancel_wins_over_what_arrives_at_the_same_moment() {
    let mut bench = Bench::new(TestDialogue::default());
    bench.cancel.cancel();
    bench.says(b"ok");
    assert_eq!(bench.ask().await, Err(ContactError::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_is_told_after_the_last_words() {
    let mut bench = Bench::new(TestDialogue::default());
    bench.says(b"bye");
    bench.vanishes();
    assert_eq!(bench.ask().await, Err(ContactError::Link(LinkError::Lost)));
    assert_eq!(bench.words, [said("bye")]);
}

#[tokio::test(start_paused = true)]
async fn a_loss_that_the_protocol_understands_is_its_answer() {
    let mut bench = Bench::new(TestDialogue { loss_is_an_answer: true, ..TestDialogue::default() });
    bench.vanishes();
    assert_eq!(bench.ask().await, Ok(Answer::Done));
    assert_eq!(bench.words, [DeviceWord::Restarted]);
}

#[tokio::test(start_paused = true)]
async fn another_protocol_is_tried_on_the_same_link() {
    let bench = Bench::new(TestDialogue::default());
    let mut bench =
        Bench { contact: bench.contact.switch(|_, _| Box::new(TestDialogue::default())), ..bench };
    bench.says(b"ok");
    assert_eq!(bench.ask().await, Ok(Answer::Done));
    assert!(!*bench.closed.lock().expect("nobody panics with it"));
}
