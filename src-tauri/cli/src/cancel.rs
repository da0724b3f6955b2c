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
            // A terminal that is closed, or a connection that breaks, ends in order as well.
            let signals = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
            let (Ok(mut terminate), Ok(mut hangup)) = signals else { return };
            loop {
                let heard = tokio::select! {
                    heard = terminate.recv() => heard,
                    heard = hangup.recv() => heard,
                };
                if heard.is_none() || wishes.send(()).is_err() {
                    return;
                }
            }
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
