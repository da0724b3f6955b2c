//! Secrets as they are given to this process: standard input, then the environment, then a question on the terminal.

use crate::arguments::Common;
use api::secrets::{SecretName, Secrets};
use engine::{Refusal, RefusalCode};
use proto::Secret;
use std::io::{IsTerminal, Read};

/// More than any five secrets need; a stream that does not end is not read for ever.
const MOST: u64 = 64 * 1024;

/// What standard input and environment give.
pub fn secrets(common: &Common) -> Result<Secrets, Refusal> {
    let environment = Secrets::from_environment(|name| std::env::var(name).ok());
    if !common.secrets_stdin {
        return Ok(environment);
    }
    let unreadable = |why: &str| Refusal::of(RefusalCode::SecretUnreadable, &[("why", why)]);
    let mut text = String::new();
    std::io::stdin()
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|_| unreadable("standard input is not text"))?;
    let typed = Secrets::from_json(&text).map_err(|error| unreadable(&error.to_string()))?;
    Ok(typed.or(environment))
}

/// Whether a person sits at the terminal and can be asked.
pub fn can_ask(common: &Common) -> bool {
    !common.json && !common.secrets_stdin && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for one secret without echo. `None` when the person gives none.
pub fn ask(name: SecretName) -> Option<Secret> {
    let question = match name {
        SecretName::ClientId => "Client id: ",
        SecretName::ClientSecret => "Client secret: ",
        SecretName::Bearer => "Bearer token: ",
        SecretName::WifiPassword => "Wi-Fi password (empty for an open network): ",
        SecretName::DeviceSecret => "Proof of possession: ",
        SecretName::DeviceQr => "Text of the QR code on the device: ",
        SecretName::Passphrase => "Passphrase of the locked secrets file: ",
    };
    rpassword::prompt_password(question).ok().map(Secret::new)
}

/// Asks for what is still missing among these, where a person can be asked.
pub fn fill(secrets: &mut Secrets, wanted: &[SecretName], common: &Common) {
    if !can_ask(common) {
        return;
    }
    for name in wanted {
        if secrets.get(*name).is_none()
            && let Some(secret) = ask(*name)
        {
            secrets.set(*name, secret);
        }
    }
}

/// How the terminal stood before a question without echo.
#[derive(Debug)]
pub struct Terminal {
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Terminal {
    pub fn as_it_is() -> Terminal {
        Terminal { modes: rustix::termios::tcgetattr(std::io::stdin()).ok() }
    }

    /// A question that nobody will answer any more would leave the terminal without echo.
    pub fn restore(&self) {
        if let Some(modes) = &self.modes {
            // There is nobody to tell that the terminal is gone.
            let _ =
                rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, modes);
        }
    }
}

/// Elsewhere Ctrl-C ends the reading, and what asked puts the terminal back by itself.
#[cfg(not(unix))]
impl Terminal {
    pub fn as_it_is() -> Terminal {
        Terminal {}
    }

    pub fn restore(&self) {}
}
