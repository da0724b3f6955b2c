//! Nothing secret gets into the journal: facts have no room for a secret, and the bytes on disk are looked through.

use crate::events::*;
use engine::record::Journal;
use engine::*;
use proto::Secret;

const CANARIES: [&str; 2] = ["canary-wifi-5f1c9a", "canary-proof-77e0b2"];

/// Secrets cannot be written to a fact: they have no serialized form. Were they to get one, both implementations below
/// would apply, and the test would not compile.
mod no_serialized_form {
    trait Unserializable<Reason> {
        fn unserializable() {}
    }
    struct ByNature;
    struct BySerialize;
    impl<T: ?Sized> Unserializable<ByNature> for T {}
    impl<T: ?Sized + serde::Serialize> Unserializable<BySerialize> for T {}

    #[test]
    fn a_secret_has_no_serialized_form() {
        <proto::Secret as Unserializable<_>>::unserializable();
        <engine::JobSecrets as Unserializable<_>>::unserializable();
    }
}

#[tokio::test]
async fn the_journals_bytes_hold_no_secret_of_a_job() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    let secrets = JobSecrets {
        wifi_password: Some(Secret::new(CANARIES[0])),
        device_secret: Some(Secret::new(CANARIES[1])),
    };
    for event in journey("24:6F:28:11:22:33", 4711) {
        journal.append(job(1), event).await.expect("a good disk");
    }
    // The one thing that a careless hand could write: the debug form.
    let fault = Fault { chain: format!("{secrets:?}"), ..*fault(FaultCode::UsBug) };
    journal.append(job(1), JobEvent::Warned { fault: Box::new(fault) }).await.expect("a good disk");

    let mut looked_at = 0;
    for file in std::fs::read_dir(dir.path()).expect("it is there") {
        let file = file.expect("it is there");
        let bytes = std::fs::read(file.path()).expect("readable");
        looked_at += 1;
        for canary in CANARIES {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {:?}", file.file_name());
        }
    }
    // While it is open: the journal, its write-ahead log and index, the lock, the key that signs it.
    assert_eq!(looked_at, 5);
}
