//! What the library's source has in public is tried here, and has an example.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// A public item, and whether its documentation has an example.
struct Item {
    path: String,
    example: bool,
}

/// The public functions of a file as `Type::name`, and the fields of its structures and the
/// variants of its enumerations by their name.
fn items(text: &str) -> Vec<Item> {
    let (mut items, mut within, mut example) = (Vec::new(), None, false);
    for line in text.lines() {
        let code = line.trim_start();
        if line.starts_with("impl") && line.ends_with('{') {
            let of = line.split(" for ").last().unwrap();
            within = of.rsplit(' ').nth(1).map(|name| name.split('<').next().unwrap().to_owned());
        } else if line.starts_with("pub enum") {
            within = Some("enum".to_owned());
        } else if line.starts_with("mod tests") {
            break;
        } else if line == "}" {
            within = None;
        }
        if code.starts_with("///") || code.starts_with("#[") {
            example |= code.starts_with("/// ```");
            continue;
        }
        if let Some(item) = code.strip_prefix("pub ") {
            let function =
                ["fn ", "async fn ", "const fn "].iter().find_map(|f| item.strip_prefix(f));
            let name = function.unwrap_or(item).split(['(', '<', ':']).next().unwrap();
            if function.is_some() {
                let of = within.as_deref().unwrap_or("posix_mqueue");
                items.push(Item { path: format!("{of}::{name}"), example });
            } else if item.contains(": ") && line.starts_with("    ") {
                items.push(Item { path: name.to_owned(), example: true });
            }
        } else if within.as_deref() == Some("enum") && code.starts_with(char::is_uppercase) {
            let name = code.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            items.push(Item { path: name.to_owned(), example: true });
        }
        example = false;
    }
    items
}

/// All of them, and the names that `lib.rs` exports.
fn public_items() -> Vec<Item> {
    let source = Path::new(HERE).join("../posix-mqueue/src");
    let mut all = Vec::new();
    for file in sources(&source) {
        let text = fs::read_to_string(&file).unwrap();
        all.extend(items(&text));
        if file.ends_with("lib.rs") {
            let exported = text.lines().filter_map(|line| line.strip_prefix("pub use "));
            let names = exported.flat_map(|line| line.split(|c: char| !is_of_a_name(c)).skip(2));
            let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
            all.extend(names.map(|path| Item { path, example: true }));
        }
    }
    assert!(all.len() > 150, "{}", all.len());
    all
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

#[test]
fn every_public_item_is_tried() {
    let tests = sources(&Path::new(HERE).join("tests")).into_iter();
    let tests = tests.filter(|path| !path.ends_with("every_item.rs"));
    let text: String = tests.map(|path| fs::read_to_string(path).unwrap()).collect();
    let words: Vec<&str> = text.split(|c: char| !is_of_a_name(c)).collect();
    let is_tried = |item: &str| {
        let part = format!("::{item}");
        words.iter().any(|word| {
            *word == item || word.ends_with(&part) || word.trim_end_matches(':') == item
        })
    };
    let missing: Vec<String> =
        public_items().into_iter().map(|item| item.path).filter(|item| !is_tried(item)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_public_function_has_an_example() {
    let missing: Vec<String> =
        public_items().into_iter().filter(|item| !item.example).map(|item| item.path).collect();
    assert_eq!(missing, [""; 0]);
}
