//! What must be true of every sentence.

use super::*;
use engine::fault::{Blame, RefusalReason};
use engine::{Fault, FaultCode, RefusalCode, Retry, Step, Why};

fn fault_of(code: FaultCode) -> Fault {
    Fault {
        code,
        step: Step::Join,
        blame: Blame::Network,
        retry: Retry::AfterFix,
        device_code: None,
        about: BTreeMap::new(),
        chain: String::new(),
    }
}

fn reads_well(code: &str, sentence: &str) {
    assert!(sentence.ends_with(['.', '…']), "{code}: {sentence}");
    assert!(!sentence.contains("  ") && !sentence.contains(" ."), "{code}: {sentence}");
    let first = sentence.trim_start_matches('“');
    assert!(first.starts_with(|first: char| first.is_uppercase() || first == '-'), "{code}: {sentence}");
}

#[test]
fn every_fault_says_what_why_and_fix_in_whole_sentences() {
    for code in FaultCode::ALL {
        let words = fault(&fault_of(*code));
        for sentence in [&words.what, &words.why, &words.fix] {
            reads_well(code.as_str(), sentence);
        }
    }
}

#[test]
fn every_refusal_says_what_and_fix_in_whole_sentences() {
    for code in RefusalCode::ALL {
        let words = refusal(&RefusalReason { code: *code, why: None, about: BTreeMap::new() });
        reads_well(code.as_str(), &words.what);
        reads_well(code.as_str(), &words.fix);
    }
}

#[test]
fn every_why_of_a_refusal_fits_into_its_sentence() {
    for why in Why::ALL {
        for code in [RefusalCode::FileUnreadable, RefusalCode::DriverSetting, RefusalCode::Usage] {
            let words = refusal(&RefusalReason { code, why: Some(*why), about: BTreeMap::new() });
            let asked = because(*why, &BTreeMap::new()).0.ends_with('.');
            if asked == (code == RefusalCode::Usage) {
                reads_well(why.as_str(), &words.what);
            }
            reads_well(why.as_str(), &words.fix);
        }
    }
}

#[test]
fn a_sentence_names_what_it_is_about() {
    let mut refused = fault_of(FaultCode::WifiPasswordRefused);
    refused.about.insert("ssid".to_owned(), "Workshop 2G".to_owned());
    assert!(fault(&refused).what.contains("Workshop 2G"));
    let mut missing = fault_of(FaultCode::CloudNotFound);
    missing.about.insert("field".to_owned(), "Serial Number".to_owned());
    assert!(fault(&missing).what.contains("metadata field “Serial Number”"));
}

#[test]
fn every_finding_of_the_doctor_says_what_it_is_and_its_fix_in_whole_sentences() {
    use crate::checkup::{Finding, FindingCode, Health};
    for code in FindingCode::ALL {
        let empty =
            Finding { code: *code, health: Health::Problem, why: None, about: BTreeMap::new(), fault: None };
        let (what, fix) = finding(&empty);
        reads_well(code.as_str(), &what);
        // A fix may begin with a command to be typed.
        assert!(fix.is_none_or(|fix| fix.ends_with('.')), "{}", code.as_str());
    }
}
