//! A word on the desktop. What it says is decided elsewhere; a desktop that shows none is no fault.
//!
//! The calls block, and some desktops take a word away together with the connection that it came through: so a thread of
//! its own makes them and keeps the last one.

use std::sync::mpsc;

pub struct Notices {
    words: mpsc::Sender<(String, String)>,
}

impl Notices {
    pub fn new() -> Notices {
        let (words, wanted) = mpsc::channel::<(String, String)>();
        std::thread::spawn(move || {
            #[cfg(target_os = "macos")]
            if let Err(error) = notify_rust::set_application("io.firstlight.desktop") {
                tracing::info!(%error, "words on the desktop will not carry the app's name");
            }
            let mut last = None;
            for (title, body) in wanted {
                // The one before goes once the new one stands.
                last = show(&title, &body).or(last);
            }
            drop(last);
        });
        Notices { words }
    }

    pub fn show(&self, title: String, body: String) {
        // The thread lives as long as this sender.
        let _ = self.words.send((title, body));
    }
}

fn show(title: &str, body: &str) -> Option<notify_rust::NotificationHandle> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Firstlight").summary(title).body(&plain(body)).icon("firstlight-desktop");
    #[cfg(windows)]
    notification.app_id("io.firstlight.desktop");
    notification.show().inspect_err(|error| tracing::info!(%error, "no word on the desktop")).ok()
}

/// Many desktops read the body as markup; a device's name is none.
fn plain(text: &str) -> String {
    if cfg!(target_os = "linux") {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_never_markup() {
        if cfg!(target_os = "linux") {
            assert_eq!(super::plain("<b>Pump</b> & co"), "&lt;b&gt;Pump&lt;/b&gt; &amp; co");
        }
    }
}
