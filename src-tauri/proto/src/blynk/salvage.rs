//! Reads what can still be read of a JSON object that the firmware cut at its 256-byte buffer (sections 3.3, 5.3),
//! or that it wrote without escaping its values.

use serde_json::{Map, Value};

/// The object in `text`; if the text is no valid JSON, the `"key":"text"` and `"key":number` members that are whole.
/// `None` if it does not even begin like an object.
pub(super) fn object(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return match value {
            Value::Object(object) => Some(object),
            _ => None,
        };
    }
    let mut rest = text.strip_prefix('{')?;
    let mut object = Map::new();
    loop {
        rest = rest.trim_start_matches([' ', ',', '\t']);
        let Some((key, after)) = quoted(rest) else { break };
        let Some(after) = after.trim_start().strip_prefix(':') else { break };
        let after = after.trim_start();
        if let Some((value, after)) = quoted(after) {
            object.insert(key.to_owned(), Value::String(value.to_owned()));
            rest = after;
        } else if let Some(end) = after.find([',', '}']) {
            // Numbers and small arrays; an array with a comma in it ends the salvage, which is fine.
            if let Ok(value) = serde_json::from_str(&after[..end]) {
                object.insert(key.to_owned(), value);
            }
            rest = &after[end..];
        } else {
            break;
        }
    }
    Some(object)
}

/// A quoted text and what follows; no escapes, since a value with a backslash is not certain to be one.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (content, rest) = text.strip_prefix('"')?.split_once('"')?;
    (!content.contains('\\')).then_some((content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_members_of_a_cut_object_are_kept() {
        let object =
            object(r#"{"t":"info","vendor":"Acme","last_error":701,"tmpl_id":"TMPL4x","name":"Acme Pu"#);
        let object = object.expect("begins like an object");
        assert_eq!(object["vendor"], "Acme");
        assert_eq!(object["last_error"], 701);
        assert_eq!(object["tmpl_id"], "TMPL4x");
        assert!(!object.contains_key("name"));
    }

    #[test]
    fn what_is_no_object_is_none() {
        assert!(object("[1,2]").is_none());
        assert!(object("Command not found.").is_none());
        assert!(object("").is_none());
    }
}
