//! A contact is a device that answers: the one loop where bytes, clock and cancel meet.

use crate::{Link, LinkError};
use proto::{Answer, Ask, DeviceWord, Dialogue, ProtocolError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ContactError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("cancelled")]
    Cancelled,
}

pub struct Contact {
    link: Box<dyn Link>,
    dialogue: Box<dyn Dialogue>,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

/// The runtime's clock, which tests can pause.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Contact {
    /// `begin` makes the dialogue from what is known of the open link.
    pub fn new(
        link: Box<dyn Link>,
        begin: impl FnOnce(&proto::Opened, Instant) -> Box<dyn Dialogue>,
    ) -> Contact {
        let dialogue = begin(link.opened(), now());
        Contact { link, dialogue }
    }

    /// Asks, and drives link and dialogue until the answer is there. The device's words go to `on_word` as they come.
    pub async fn ask(
        &mut self,
        ask: Ask,
        cancel: &CancellationToken,
        on_word: &mut (dyn FnMut(DeviceWord) + Send),
    ) -> Result<Answer, ContactError> {
        self.dialogue.ask(ask, now());
        loop {
            while let Some(transmit) = self.dialogue.poll_transmit() {
                if let Err(error) = self.link.send(transmit).await {
                    return self.lost(error, on_word);
                }
            }
            while let Some(word) = self.dialogue.poll_word() {
                on_word(word);
            }
            if let Some(answer) = self.dialogue.poll_answer() {
                return Ok(answer?);
            }
            let deadline = self.dialogue.poll_timeout().map(tokio::time::Instant::from_std);
            tokio::select! { biased;
                () = cancel.cancelled() => return Err(ContactError::Cancelled),
                packet = self.link.recv() => match packet {
                    Ok(packet) => self.dialogue.handle_packet(packet, now()),
                    Err(error) => return self.lost(error, on_word),
                },
                () = sleep_until(deadline) => self.dialogue.handle_timeout(now()),
            }
        }
    }

    /// Keeps the link while nobody asks anything; what the device says meanwhile is taken in. Comes back when the link is
    /// gone; may be dropped at any time.
    pub async fn rest(&mut self) -> LinkError {
        loop {
            match self.link.recv().await {
                Ok(packet) => self.dialogue.handle_packet(packet, now()),
                Err(error) => return error,
            }
            while let Some(transmit) = self.dialogue.poll_transmit() {
                if let Err(error) = self.link.send(transmit).await {
                    return error;
                }
            }
            // Nobody has asked, so nobody waits for words or answers.
            while self.dialogue.poll_word().is_some() {}
            while self.dialogue.poll_answer().is_some() {}
        }
    }

    /// The link failed. When it is gone, the protocol may know what that means; else the failure is the answer.
    fn lost(
        &mut self,
        error: LinkError,
        on_word: &mut (dyn FnMut(DeviceWord) + Send),
    ) -> Result<Answer, ContactError> {
        if error == LinkError::Lost {
            self.dialogue.handle_lost(now());
        }
        while let Some(word) = self.dialogue.poll_word() {
            on_word(word);
        }
        match self.dialogue.poll_answer() {
            Some(answer) => Ok(answer?),
            None => Err(error.into()),
        }
    }

    /// Another try at the same device with another protocol, without closing the link.
    pub fn switch(self, begin: impl FnOnce(&proto::Opened, Instant) -> Box<dyn Dialogue>) -> Contact {
        Contact::new(self.link, begin)
    }

    pub async fn close(self) {
        self.link.close().await;
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
