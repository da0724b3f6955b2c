//! Logs go to standard error, are off unless asked for, and hold no secret: no type that carries one can be formatted.

use tracing_subscriber::EnvFilter;

/// `-v` shows our own decisions, `-vv` everything that we and the libraries say. Libraries stay at warnings where they
/// might print what passes through them.
pub fn begin(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "warn,firstlight=info,engine=info,cloud=info,link=info,proto=info,sim=info,api=info",
        _ => {
            "info,firstlight=trace,engine=trace,cloud=trace,link=trace,proto=trace,sim=trace,api=trace,hyper=warn,reqwest=warn,h2=warn,rustls=warn"
        }
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_default();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(
            std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none(),
        )
        .init();
}
