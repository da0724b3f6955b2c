//! Ctrl-C and its kin: the first asks for a stop, the second ends at once.

use tokio::sync::mpsc;

/// Each item is one wish to stop. Begin listening before the first thing that could have to be stopped.
#[derive(Debug)]
pub struct Stops(mpsc::UnboundedReceiver<()>);

impl Stops {
    pub fn listen() -> Stops {
        let (wishes, stops) = mpsc::unbounded_channel();
        let interrupts = wishes.clone();
        tokio::spawn(
            async move { while tokio::signal::ctrl_c().await.is_ok() && interrupts.send(()).is_ok() {} },
        );
        #[cfg(unix)]
        tokio::spawn(async move {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            while terminate.recv().await.is_some() && wishes.send(()).is_ok() {}
        });
        #[cfg(not(unix))]
        drop(wishes);
        Stops(stops)
    }

    /// Waits for the next wish to stop; for ever, where the system cannot tell.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
