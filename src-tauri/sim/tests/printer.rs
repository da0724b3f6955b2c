//! The real client of a network printer against the simulated one, on this computer.

use link::printer::{FolderPrinter, NetworkPrinter, Printer, PrinterError, PrinterTrouble};
use proto::zpl::{Format, Symbology};
use sim::printer::{MemoryPrinter, PrinterKnobs};

fn label(text: &str) -> Vec<u8> {
    let mut format = Format::new(400, 200);
    format.text(20, 20, 30, text);
    format.code(20, 60, Symbology::DataMatrix { module: 4 }, "24:6F:28:11:22:33").expect("plain");
    format.finish()
}

async fn served(knobs: PrinterKnobs) -> (MemoryPrinter, NetworkPrinter) {
    let printer = MemoryPrinter::new(knobs);
    let (address, _task) = printer.serve().await.expect("loopback has a free port");
    (printer, NetworkPrinter::new(address))
}

#[tokio::test]
async fn a_label_comes_out_once_and_as_it_was_meant() {
    let (printer, client) = served(PrinterKnobs::default()).await;
    assert_eq!(client.ready().await, Ok(()));
    assert_eq!(client.print("unit", &label("Pümp ^XA")).await, Ok(()));
    let printed = printer.printed();
    assert_eq!(printed.len(), 1);
    assert!(printed[0].starts_with("^XA^CI28") && printed[0].ends_with("^XZ"), "{}", printed[0]);
    assert!(printed[0].contains("^FDP_C3_BCmp _5EXA^FS"), "{}", printed[0]);
}

#[tokio::test]
async fn what_a_printer_lacks_is_told_before_anything_is_sent() {
    let lacking = |change: fn(&mut PrinterKnobs)| {
        let mut knobs = PrinterKnobs::default();
        change(&mut knobs);
        knobs
    };
    for (knobs, trouble) in [
        (lacking(|knobs| knobs.paper = Some(0)), PrinterTrouble::PaperOut),
        (lacking(|knobs| knobs.head_open = true), PrinterTrouble::HeadOpen),
        (lacking(|knobs| knobs.paused = true), PrinterTrouble::Paused),
        (lacking(|knobs| knobs.offline = true), PrinterTrouble::Lost),
    ] {
        let (printer, client) = served(knobs).await;
        assert_eq!(client.ready().await, Err(PrinterError::before(trouble)));
        assert!(printer.printed().is_empty());
    }
}

#[tokio::test]
async fn a_printer_that_is_not_there_is_offline() {
    let (address, task) = MemoryPrinter::default().serve().await.expect("loopback has a free port");
    task.abort();
    // The port is free again as soon as its listener is gone.
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let client = NetworkPrinter::new(address);
    assert_eq!(client.ready().await, Err(PrinterError::before(PrinterTrouble::Offline)));
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_it_open_whether_there_is_a_label() {
    let (printer, client) = served(PrinterKnobs { breaks_at: Some(1), ..PrinterKnobs::default() }).await;
    assert_eq!(client.print("unit", &label("Pump")).await, Err(PrinterError::maybe(PrinterTrouble::Lost)));
    assert_eq!(printer.printed().len(), 1, "this time there was one");
}

#[tokio::test]
async fn the_last_label_of_a_roll_leaves_it_open_too() {
    let (printer, client) = served(PrinterKnobs { paper: Some(1), ..PrinterKnobs::default() }).await;
    assert_eq!(
        client.print("unit", &label("Pump")).await,
        Err(PrinterError::maybe(PrinterTrouble::PaperOut))
    );
    assert_eq!(printer.printed().len(), 1);
}

#[tokio::test]
async fn a_folder_takes_a_file_for_each_label_and_no_path() {
    let dir = std::env::temp_dir().join(format!("firstlight-labels-{}", std::process::id()));
    let printer = FolderPrinter::new(dir.clone(), "pdf");
    assert_eq!(printer.ready().await, Ok(()));
    assert_eq!(printer.print("../24:6F:28:11:22:33-1", b"label").await, Ok(()));
    let names: Vec<_> = std::fs::read_dir(&dir)
        .expect("it is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("plain"))
        .collect();
    std::fs::remove_dir_all(&dir).expect("it is ours");
    assert_eq!(names, ["---24-6F-28-11-22-33-1.pdf"]);
}
