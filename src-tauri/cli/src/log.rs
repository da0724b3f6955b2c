//! Logs go to standard error, are off unless asked for, and hold no secret: no type that carries one can be formatted.
//! Panics, which may carry anything, are told by their place.

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

/// A panic is told by its place only: what it says may quote what a device or a cloud sent, or a secret.
pub fn tell_mistakes_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|place| link::is_harmless_panic(place.file())) {
            return tracing::debug!("a stream of the BLE library ended amid signals");
        }
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        crate::face::note(&mistake(place.as_deref()));
    }));
}

/// A mistake of the worst kind, quoting every secret: development builds make it on demand, so that a test sees what a
/// running program tells of it.
#[cfg(debug_assertions)]
pub fn mistake_on_demand(secrets: &api::secrets::Secrets) {
    use api::secrets::SecretName;
    if std::env::var_os("FIRSTLIGHT_MISTAKE").is_some() {
        let known = SecretName::ALL.into_iter().filter_map(|name| secrets.get(name));
        let quoted: Vec<&str> = known.map(proto::Secret::expose).collect();
        panic!("{}", quoted.join(" "));
    }
}

fn mistake(place: Option<&str>) -> String {
    format!(
        "Firstlight made a mistake of its own at {}. Run `firstlight reconcile` to see what is open, and report the place \
with the output of `firstlight export --format jsonl`, which holds no secret.",
        place.unwrap_or("an unknown place")
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_tells_its_place_and_nothing_that_it_says() {
        // The hook belongs to the whole process, so it is put back before anything is judged.
        let before = std::panic::take_hook();
        super::tell_mistakes_by_place();
        let caught = std::panic::catch_unwind(|| panic!("canary-panic-9Rt"));
        std::panic::set_hook(before);
        assert!(caught.is_err());
        let told = super::mistake(Some("src/x.rs:7"));
        assert!(told.contains("src/x.rs:7") && !told.contains("canary"));
    }
}
